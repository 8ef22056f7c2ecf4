"""What can be seen of a running kiosk from outside: its page, its state for a monitor, its figures."""
