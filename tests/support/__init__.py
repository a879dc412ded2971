"""What tests and the demo stand on: photos, a bad line, the real server, a raw tus client."""
