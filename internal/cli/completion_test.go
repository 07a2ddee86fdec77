package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// completionFiles are the committed scripts, by shell. `make generate` writes
// them: it runs the test below with -update.
func completionFiles() map[string]string {
	dir := filepath.Join("..", "..", "completions")
	return map[string]string{
		"bash": filepath.Join(dir, "socialauth.bash"), "zsh": filepath.Join(dir, "socialauth.zsh"),
		"fish": filepath.Join(dir, "socialauth.fish"), "powershell": filepath.Join(dir, "socialauth.ps1"),
	}
}

func TestCompletionFiles(t *testing.T) {
	for shell, path := range completionFiles() {
		got := newBench(t).run(t.Context(), "completion", shell)
		if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "socialauth") {
			t.Fatalf("completion %s: exit %d, stderr %q", shell, got.code, got.stderr)
		}
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got.stdout), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != got.stdout {
			t.Errorf("%s is not what `socialauth completion %s` prints (%v); run: make generate", path, shell, err)
		}
	}
}

// TestCompletion: C14. What the shells ask is answered from files.
func TestCompletion(t *testing.T) {
	b := newBench(t)
	if err := os.MkdirAll(filepath.Join(b.env["SOCIALAUTH_HOME"], "providers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"corp.toml", "$(touch pwned).toml", "a b.toml", "a\tb.toml", "a\nb.toml", "`id`.toml", "x;y.toml", "UPPER.toml"} {
		if err := os.WriteFile(filepath.Join(b.env["SOCIALAUTH_HOME"], "providers", name), nil, 0o600); err != nil {
			t.Skip("this file system has no such names")
		}
	}
	for line, want := range map[string]string{
		"login fa":                  "facebook\n:4\n",
		"login c":                   "corp\n:4\n",
		"login a":                   ":4\n",
		"login $":                   ":4\n",
		"login facebook x":          ":4\n",
		"token print ":              ":4\n",
		"provider show goo":         "google\n:4\n",
		"token prin":                "print\tPrint a valid token, for scripts\n:4\n",
		"token print --form":        "--format\traw, header, json, env or export\n:4\n",
		"verify --insecure-skip-au": "--insecure-skip-audience\tdo not check who it is for\n:4\n",
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		if got := b.run(t.Context(), args...); got.stdout != want {
			t.Errorf("%s<tab> = %q, want %q", line, got.stdout, want)
		}
	}
	if b.network+b.ring > 0 {
		t.Error("completing asked the network or the keyring")
	}
}

// TestCompletionInShells presses tab in every shell that is here, with provider
// files whose names are commands.
func TestCompletionInShells(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("for shells of Unix")
	}
	bin := filepath.Dir(binary(t))
	for shell, script := range map[string]string{
		// What bash does at tab: it calls the function with the words so far.
		"bash": `source "$SCRIPT"
_get_comp_words_by_ref() { words=(socialauth login "$1"); cword=2; cur=$WORD; prev=login; }
_init_completion() { words=(socialauth login "$WORD"); cword=2; cur=$WORD; prev=login; }
__ltrim_colon_completions() { :; }
COMP_WORDS=(socialauth login "$WORD"); COMP_CWORD=2; COMP_LINE="socialauth login $WORD"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
__start_socialauth; printf '%s\n' "${COMPREPLY[@]}"`,
		"fish": `source $SCRIPT; complete -C "socialauth login $WORD"`,
		"zsh": `compdef() { :; }; _describe() { shift; printf '%s\n' "${(P)1[@]}"; local n; for n in "$@"; do [[ -n ${(P)n} ]] && printf '%s\n' "${(@P)n}"; done; }
_arguments() { :; }; compadd() { :; }
words=(socialauth login "$WORD"); CURRENT=3; source $SCRIPT; _socialauth`,
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				lacking(t, "there is no "+shell)
			}
			dir := t.TempDir()
			home := filepath.Join(dir, "sa")
			if err := os.MkdirAll(filepath.Join(home, "providers"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"fa$(touch pwned).toml", "fa`touch pwned`.toml", "fa;touch pwned.toml", "fa';touch pwned;'.toml"} {
				if err := os.WriteFile(filepath.Join(home, "providers", name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			file, err := filepath.Abs(completionFiles()[shell])
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), path, "-c", script)
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "SCRIPT=" + file, "WORD=fa", "SOCIALAUTH_HOME=" + home, "HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("%v: %s", err, stderr.String())
			}
			if !strings.Contains(stdout.String(), "facebook") || strings.Contains(stdout.String(), "touch") {
				t.Errorf("login fa<tab> = %q, stderr %q; want facebook and no commands", stdout.String(), stderr.String())
			}
			if _, err := os.Lstat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("a file's name was run")
			}
		})
	}
}
