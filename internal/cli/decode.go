package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/term"
)

const decodeLong = `Show what is inside a token, without a key, a network or a keyring.

TOKEN may be the token alone or what you have at hand: "Bearer …", a whole header
line, a JSON token response, a redirect URL, a cookie, a token wrapped over lines.
Without TOKEN, or with "-", stdin is read. What was taken off is said on stderr.

Nothing is checked: a decoded token proves nothing. To check one, use verify.

--lines and --scan read a stream of any length and write one JSON object a line as it
comes, with "line" and "ok"; a line that is no token has "error", and the exit status
is then 1. No output of decode has a signature in it.`

// maxToken is the longest input of decode and verify, in bytes.
const maxToken = 16 << 20

type decodeOptions struct {
	lines, scan, redact bool
	salt, key, payload  string
}

func (a *App) newDecodeCmd() *cobra.Command {
	var o decodeOptions
	cmd := &cobra.Command{
		Use: "decode [TOKEN|-]", Short: "Show what is inside a token, without checking it", Long: decodeLong,
		Example: "  socialauth token print google --type id | socialauth decode -\n  pbpaste | socialauth decode\n" +
			"  socialauth decode --lines --redact <tokens.txt >claims.ndjson\n  journalctl | socialauth decode --scan",
		Args: maxArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDecode(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.lines, "lines", false, "one token a line on stdin, one JSON object a line on stdout")
	f.BoolVar(&o.scan, "scan", false, "find the tokens in any text on stdin; one JSON object a token")
	f.BoolVar(&o.redact, "redact", false, "replace sub, jti and email by keyed hashes")
	f.StringVar(&o.salt, "redact-salt-file", "", "file with the key of the hashes, so that runs can be compared (default: random)")
	f.StringVar(&o.key, "key", "", "file with the key that opens an encrypted token (JWK, PEM or a shared secret)")
	f.StringVar(&o.payload, "payload-file", "", "file with the payload that was left out of the token")
	cmd.MarkFlagsMutuallyExclusive("lines", "scan")
	cmd.MarkFlagsMutuallyExclusive("lines", "payload-file")
	cmd.MarkFlagsMutuallyExclusive("scan", "payload-file")
	return cmd
}

func (a *App) runDecode(ctx context.Context, args []string, o decodeOptions) error {
	e, err := o.explain(a)
	if err != nil {
		return err
	}
	if o.lines || o.scan {
		return a.runLines(ctx, args, jose.LinesOptions{Scan: o.scan, Redact: e.Redact, Key: e.Key})
	}
	input, err := a.tokenInput(args)
	if err != nil {
		return err
	}
	return a.decodeOne(input, e)
}

// explain reads the files that the flags name.
func (o decodeOptions) explain(a *App) (jose.ExplainOptions, error) {
	e := jose.ExplainOptions{Now: a.Now, Location: a.Now().Location(), MaxSize: maxToken}
	if o.salt != "" {
		salt, err := readKeyFile(o.salt)
		if err != nil {
			return e, err
		}
		if salt = trimNewline(salt); len(salt) < 16 {
			return e, usagef("%s: the key of the hashes has %d bytes, at least 16 are needed", o.salt, len(salt))
		}
		e.Redact = jose.NewRedactor(salt)
	} else if o.redact {
		e.Redact = jose.NewRedactor(nil)
	}
	if o.key != "" {
		data, err := readKeyFile(o.key)
		if err != nil {
			return e, err
		}
		if e.Key, err = jose.ParseDecryptionKey(secret.New(string(data))); err != nil {
			return e, keyFileError(o.key, err)
		}
	}
	if o.payload != "" {
		data, err := readFile(o.payload, maxToken)
		if err != nil {
			return e, err
		}
		e.Payload = data
	}
	return e, nil
}

// tokenInput is the argument, or stdin.
func (a *App) tokenInput(args []string) ([]byte, error) {
	if len(args) > 0 && args[0] != "-" {
		return []byte(args[0]), nil
	}
	if len(args) == 0 && a.Term.StdinTTY {
		return nil, usagef("no token was given").hint("paste it as an argument, or pipe it: … | socialauth decode -")
	}
	var data bytes.Buffer
	if f, ok := a.Stdin.(*os.File); ok {
		// A file says how long it is; growing to that in steps would copy it.
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			data.Grow(int(min(info.Size(), maxToken)) + bytes.MinRead)
		}
	}
	if _, err := data.ReadFrom(io.LimitReader(a.Stdin, maxToken+1)); err != nil {
		return nil, fmt.Errorf("read stdin: %w", err)
	}
	return data.Bytes(), nil
}

func (a *App) decodeOne(input []byte, o jose.ExplainOptions) error {
	e, err := jose.Explain(input, o)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(e)
	}
	if len(e.Stripped) > 0 {
		a.note("socialauth: took off: %s", plain.Escape(strings.Join(e.Stripped, ", ")))
	}
	a.printExplanation(e, "")
	switch e.Type {
	case jose.TypeOpaque, jose.TypeJWE, jose.TypeJWEJSON:
		// There is no signature to check.
	default:
		a.note("socialauth: %s", term.NewStyle(a.Term.StderrColor).Warn("signature NOT checked; to check it: socialauth verify"))
	}
	return nil
}

// printExplanation writes an explanation for people.
func (a *App) printExplanation(e *jose.Explanation, indent string) {
	style := term.NewStyle(a.Term.StdoutColor)
	a.print(indent + style.Bold(typeWords(e)) + "\n")
	if e.Opaque != nil {
		a.printOpaque(e, indent)
		return
	}
	a.printMembers("header", e.Header, nil, indent)
	switch {
	case e.Nested != nil:
		a.print(indent + style.Faint("payload: a token itself") + "\n")
		a.printExplanation(e.Nested, indent+"  ")
	case len(jose.Members(e.Payload)) > 0:
		a.printMembers("payload", e.Payload, e, indent)
	case e.Payload != nil:
		a.print(indent + style.Faint("payload") + "\n" + indent + "  " + shownValue(e.Payload) + "\n")
	case len(e.Bytes) > 0:
		a.print(indent + style.Faint(fmt.Sprintf("payload: %d bytes that are not JSON", len(e.Bytes))) + "\n" +
			indent + "  " + plain.Cut(string(e.Bytes), plain.MaxRemote) + "\n")
	}
	a.printParts(e, indent)
	for _, w := range e.Warnings {
		text := strings.ReplaceAll(w.Code, "_", " ") + " (" + w.Where + ")"
		if w.Detail != "" {
			text += ": " + w.Detail
		}
		a.print(indent + style.Warn("! "+plain.Cut(text, plain.MaxRemote)) + "\n")
	}
}

func typeWords(e *jose.Explanation) string {
	if slices.ContainsFunc(e.Warnings, func(w jose.Warning) bool { return w.Code == "alg_none" }) {
		return "JWT, NOT signed (alg none)"
	}
	switch e.Type {
	case jose.TypeJWT:
		return "JWT, signed, not checked"
	case jose.TypeJWS:
		return "JWS, signed, not checked"
	case jose.TypeJWSJSON:
		return fmt.Sprintf("JWS in JSON, %d signatures, not checked", len(e.Signatures))
	case jose.TypeJWE, jose.TypeJWEJSON:
		if e.Decrypted {
			return "JWE, decrypted with the key; who made it is not checked"
		}
		return "JWE, encrypted: only the header can be read"
	case jose.TypeSDJWT:
		return fmt.Sprintf("SD-JWT with %d disclosures, not checked", len(e.Disclosures))
	}
	return "opaque token: only its issuer can read it"
}

// printOpaque says what is to be done with a token that cannot be decoded.
func (a *App) printOpaque(e *jose.Explanation, indent string) {
	if e.Opaque.Provider == "" {
		a.print(indent + "  It is not a JWT. Ask its issuer: socialauth token introspect ACCOUNT\n")
		return
	}
	a.print(fmt.Sprintf("%s  By its beginning it is of %s (%s). Ask there: socialauth token introspect %s\n",
		indent, e.Opaque.Provider, strings.ReplaceAll(e.Opaque.Kind, "_", " "), e.Opaque.Provider))
}

// printMembers writes an object as an aligned list, in its own order. Values
// are JSON, as they stand in the token; dates have their meaning beside them.
func (a *App) printMembers(title string, text json.RawMessage, e *jose.Explanation, indent string) {
	members := jose.Members(text)
	if len(members) == 0 {
		return
	}
	style := term.NewStyle(a.Term.StdoutColor)
	rows := [][]string{}
	for _, m := range members {
		row := []string{indent + "  " + style.Name(plain.Cut(m.Name, 80)), shownValue(m.Value)}
		if note := a.claimNote(m.Name, e); note != "" {
			row = append(row, style.Faint(note))
		}
		rows = append(rows, row)
	}
	a.print(indent + style.Faint(title) + "\n" + capColumn(rows))
}

// shownValue is a JSON value as people are shown it: all of it, unless it is
// longer than anybody reads (W20). --json always has all of it.
func shownValue(text json.RawMessage) string {
	const most = 4096
	if len(text) <= most {
		return string(jose.Safe(text))
	}
	// Half a value is no JSON any more, so it is escaped as text.
	start := plain.Escape(strings.ToValidUTF8(string(text[:most]), ""))
	return fmt.Sprintf("%s… (%d bytes; --json shows all of it)", start, len(text))
}

// capColumn keeps one long value from pushing every note off the screen: notes
// of rows with long values go without alignment.
func capColumn(rows [][]string) string {
	const long = 40
	aligned := make([][]string, len(rows))
	for i, row := range rows {
		if len(row) == 3 && len(row[1]) > long {
			row = []string{row[0], row[1] + "  " + row[2]}
		}
		aligned[i] = row
	}
	return term.Table(aligned)
}

// claimNote explains a well-known claim, and gives dates in words.
func (a *App) claimNote(name string, e *jose.Explanation) string {
	if e == nil {
		return ""
	}
	for _, t := range e.Times {
		if t.Name != name {
			continue
		}
		switch {
		case !t.IfMilliseconds.IsZero():
			return "looks like milliseconds: " + t.IfMilliseconds.Format(time.RFC3339)
		case !t.At.IsZero():
			return a.dateWords(name, t.At)
		}
	}
	switch name {
	case "iss":
		return "issuer"
	case "sub":
		return "subject"
	case "aud":
		return "audience"
	case "azp":
		return "authorized party"
	case "jti":
		return "token id"
	}
	return ""
}

// dateWords is a date in UTC, in local time and as a distance.
func (a *App) dateWords(name string, at time.Time) string {
	now := a.Now()
	words := relative(now, at)
	if name == "exp" {
		if at.After(now) {
			words = "expires " + words
		} else {
			words = "expired " + words
		}
	}
	text := at.UTC().Format(time.RFC3339)
	if _, offset := at.In(now.Location()).Zone(); offset != 0 {
		text += ", " + at.In(now.Location()).Format("2006-01-02 15:04:05 -07:00")
	}
	return text + ", " + words
}

// printParts shows what cannot be read: sizes of the parts, disclosures.
func (a *App) printParts(e *jose.Explanation, indent string) {
	style := term.NewStyle(a.Term.StdoutColor)
	if e.Type == jose.TypeJWE || e.Type == jose.TypeJWEJSON {
		var sizes []string
		for _, p := range e.Parts {
			sizes = append(sizes, fmt.Sprintf("%s %d bytes", p.Name, max(0, p.Decoded)))
		}
		a.print(indent + style.Faint("parts: "+strings.Join(sizes, ", ")) + "\n")
	}
	for _, d := range e.Disclosures {
		a.print(fmt.Sprintf("%s%s %s\n", indent, style.Faint("disclosure"), plain.Cut(fmt.Sprintf("%s = %s", d.Name, jose.Safe(d.Value)), plain.MaxRemote)))
	}
}
