package cli

import (
	"path"
	"strings"

	"github.com/socialauth/socialauth/internal/account"
)

// tokenVariable is the name that env and export give the token.
const tokenVariable = "SOCIALAUTH_TOKEN"

// tokenFormat is how a token is written for the program that reads it.
type tokenFormat struct{ kind, shell string }

// newTokenFormat checks the flags. Without --shell it is the person's login
// shell that counts, or the platform's usual one.
func newTokenFormat(kind, shell, loginShell, goos string) (tokenFormat, error) {
	if err := oneOf("--format", kind, "raw", "header", "json", "env", "export"); err != nil {
		return tokenFormat{}, err
	}
	if shell != "" && kind != "export" {
		return tokenFormat{}, usagef("--shell goes with --format export")
	}
	if shell == "" {
		switch {
		case path.Base(loginShell) == "fish":
			shell = "fish"
		case loginShell == "" && goos == "windows":
			shell = "powershell"
		default:
			shell = "sh"
		}
	}
	return tokenFormat{kind, shell}, oneOf("--shell", shell, "sh", "fish", "powershell", "cmd")
}

// render writes the token. What it writes is safe to evaluate in the shell it
// is for (C15), and a value that no quoting can carry is refused.
func (f tokenFormat) render(t *account.Token) (string, error) {
	value := t.Value.Reveal()
	for _, c := range []byte(value) {
		if c <= 0x20 || c >= 0x7f {
			return "", &Error{Exit: exitRefused, Code: "unsafe_token", Message: "the token has characters that no token may have; it is not printed"}
		}
	}
	switch f.kind {
	case "header":
		return "Authorization: Bearer " + value, nil
	case "env":
		return tokenVariable + "=" + value, nil
	case "export":
		return export(f.shell, tokenVariable, value)
	}
	return value, nil
}

// export is the command that sets an environment variable.
func export(shell, name, value string) (string, error) {
	switch shell {
	case "fish":
		// Inside single quotes fish knows two escapes: \' and \\.
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)
		return "set -gx " + name + " '" + quoted + "'", nil
	case "powershell":
		return "$env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'", nil
	case "cmd":
		// cmd expands % and ! inside quotes and has no escape for them there.
		if strings.ContainsAny(value, `"%!^&|<>`) {
			return "", &Error{
				Exit: exitFailure, Code: "unquotable",
				Message: "this token cannot be written as a command of cmd.exe: it has a character that cmd would read as its own",
				Hints:   []string{"use --shell powershell, or --format raw and a file"},
			}
		}
		return `set "` + name + "=" + value + `"`, nil
	}
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'", nil
}
