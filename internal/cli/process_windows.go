package cli

import "os"

// dieBy returns the status that stands for Ctrl-C: Windows has no signals to
// end by.
func dieBy(os.Signal) int { return 130 }
