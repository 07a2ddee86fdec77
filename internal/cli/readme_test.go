package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestReadme runs every ```sh block of README.md, in order and line by line,
// against the emulator. A line is a command of ours, an export, or a comment;
// what builds or fetches the program is passed over. So what README tells people
// to type works, or this fails.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, commands, err := readmeScript(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if commands < 5 {
		t.Fatalf("README.md has %d commands in ```sh blocks; its examples are to be written so", commands)
	}
	file := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Files: []string{file}, RequireExplicitExec: true, Setup: setupScript})
}

// readmeScript turns the blocks into a script. It stands on files the README
// speaks of, and nothing else.
func readmeScript(readme string) (script string, commands int, err error) {
	var b strings.Builder
	inside := false
	for i, line := range strings.Split(readme, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "```"):
			inside = !inside && text == "```sh"
		case !inside || text == "":
		case strings.HasPrefix(text, "#"), strings.HasPrefix(text, "git "), strings.HasPrefix(text, "make "), strings.HasPrefix(text, "go "):
		case strings.HasPrefix(text, "export "):
			fmt.Fprintf(&b, "# README.md:%d\nenv %s\n", i+1, strings.TrimPrefix(text, "export "))
		case strings.HasPrefix(text, "socialauth "):
			commands++
			fmt.Fprintf(&b, "# README.md:%d\nexec sh -ec '%s'\n", i+1, strings.ReplaceAll(text, "'", "''"))
		default:
			return "", 0, fmt.Errorf("README.md:%d: a line of an sh block begins with socialauth, export or #, not %q", i+1, text)
		}
	}
	b.WriteString("-- secret.txt --\nthe SECRET_KEY of a tutorial, 32 bytes or more\n")
	return b.String(), commands, nil
}

func TestReadmeScript(t *testing.T) {
	script, n, err := readmeScript("text\n```sh\n# why\nsocialauth status\n\nexport A=b\ngo build\nsocialauth decode 'x'\n```\n\n```json\n{}\n```\n    socialauth not run\n")
	want := "# README.md:4\nexec sh -ec 'socialauth status'\n# README.md:6\nenv A=b\n# README.md:8\nexec sh -ec 'socialauth decode ''x'''\n"
	if err != nil || n != 2 || !strings.HasPrefix(script, want) || strings.Contains(script, "not run") {
		t.Errorf("%d commands, %v:\n%s", n, err, script)
	}
	if _, _, err := readmeScript("```sh\nrm -rf /\n```\n"); err == nil {
		t.Error("a line that is no command of ours was accepted")
	}
}
