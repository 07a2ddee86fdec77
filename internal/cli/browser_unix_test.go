//go:build unix

package cli_test

import (
	"os"
	"strings"
)

// noBrowser fails if a browser was opened since the last look.
func (l *lab) noBrowser() {
	l.t.Helper()
	for _, entry := range l.env {
		if name, ok := strings.CutPrefix(entry, "BROWSER_LOG="); ok && os.Remove(name) == nil {
			l.t.Error("a browser was opened")
		}
	}
}

// sawBrowser fails if none was: then noBrowser would prove nothing.
func (l *lab) sawBrowser() {
	l.t.Helper()
	for _, entry := range l.env {
		if name, ok := strings.CutPrefix(entry, "BROWSER_LOG="); ok && os.Remove(name) != nil {
			l.t.Error("no browser was opened")
		}
	}
}
