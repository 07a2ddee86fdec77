//go:build !windows

package term

// terminalDevices names the devices to read from and to write to.
func terminalDevices() (in, out string) { return "/dev/tty", "/dev/tty" }
