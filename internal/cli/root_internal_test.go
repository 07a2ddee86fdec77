package cli

import "testing"

// The name a command is found by is the name it has.
func TestCommandsAreNamed(t *testing.T) {
	a := &App{Env: func(string) string { return "" }}
	for _, c := range a.commands() {
		if got := c.make().Name(); got != c.name {
			t.Errorf("the command listed as %q calls itself %q", c.name, got)
		}
		if got := len(a.newRootCmd(c.name).Commands()); c.name != "completion" && got != 1 {
			t.Errorf("%s: %d commands were made, want that one alone", c.name, got)
		}
	}
	for _, first := range []string{"", "help", "completion", "__complete", "--json", "tokn"} {
		if got := len(a.newRootCmd(first).Commands()); got != len(a.commands()) {
			t.Errorf("%q: %d commands were made, want all %d", first, got, len(a.commands()))
		}
	}
}
