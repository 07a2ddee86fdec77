package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestManual holds the manual in cmd/socialauth/doc.go to the program: the table
// of exit codes is the one that is printed, and every command is named.
func TestManual(t *testing.T) {
	data, err := os.ReadFile("../../cmd/socialauth/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	manual := regexp.MustCompile(`(?m)^// ?`).ReplaceAllString(string(data), "")
	table := regexp.MustCompile(`(?m)^[\t ]+\d+ +.*$`)
	printed := newBench(t).run(t.Context(), "help", "exit-codes").stdout
	trim := func(lines []string) string {
		for i, l := range lines {
			lines[i] = strings.TrimSpace(l)
		}
		return strings.Join(lines, "\n")
	}
	if got, want := trim(table.FindAllString(manual, -1)), trim(table.FindAllString(printed, -1)); got != want || strings.Count(want, "\n") != 8 {
		t.Errorf("the manual's exit codes:\n%s\nhelp exit-codes:\n%s", got, want)
	}
	for _, cmd := range newBench(t).root().Commands() {
		if !cmd.Hidden && !regexp.MustCompile(`(?m)^\t(.*, )?`+cmd.Name()+`\b`).MatchString(manual) {
			t.Errorf("the manual does not name the command %s", cmd.Name())
		}
		for _, sub := range cmd.Commands() {
			if cmd.Name() != "completion" && cmd.Name() != "help" && !regexp.MustCompile(`(?m)^\t`+cmd.Name()+` .*\b`+sub.Name()+`\b`).MatchString(manual) {
				t.Errorf("the manual does not name the command %s %s", cmd.Name(), sub.Name())
			}
		}
	}
}
