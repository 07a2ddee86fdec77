package emulator

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// element is one element of a page.
type element struct {
	tag   string
	attrs [][2]string
	text  string // directly in it
	kids  []*element
}

// shape is the page without what may differ: text, and values.
func (e *element) shape() string {
	var b strings.Builder
	b.WriteString("<" + e.tag)
	for _, a := range e.attrs {
		b.WriteString(" " + a[0])
	}
	b.WriteString(">\n")
	for _, kid := range e.kids {
		b.WriteString("  " + strings.ReplaceAll(strings.TrimSuffix(kid.shape(), "\n"), "\n", "\n  ") + "\n")
	}
	return b.String()
}

// places are those of sample's text.
func (e *element) places() [][2]string {
	var out [][2]string
	for _, a := range e.attrs {
		if slices.Contains([]string{"value", "class", "id"}, a[0]) {
			out = append(out, [2]string{e.tag + " " + a[0], a[1]})
		}
	}
	if slices.Contains([]string{"title", "p", "bdi", "button"}, e.tag) {
		out = append(out, [2]string{e.tag, e.text})
	}
	for _, kid := range e.kids {
		out = append(out, kid.places()...)
	}
	return out
}

// parseStrictly reads a page as HTML readers of every kind read it alike:
// lower-case tags that nest, quoted values, no bare "<", ">", quote or "&" in
// what is text. Everything else is an error.
func parseStrictly(page string) (*element, error) {
	rest, ok := strings.CutPrefix(page, "<!DOCTYPE html>\n")
	if !ok || !utf8.ValidString(page) {
		return nil, fmt.Errorf("no document type, or no UTF-8")
	}
	start := regexp.MustCompile(`^<([a-z][a-z0-9]*)((?: [a-z]+(?:="[^"<>]*")?)*)>`)
	end := regexp.MustCompile(`^</([a-z][a-z0-9]*)>`)
	root := &element{}
	open := []*element{root}
	for rest != "" {
		top := open[len(open)-1]
		if m := end.FindStringSubmatch(rest); m != nil {
			if top.tag != m[1] {
				return nil, fmt.Errorf("%s in <%s>", m[0], top.tag)
			}
			open, rest = open[:len(open)-1], rest[len(m[0]):]
			continue
		}
		if m := start.FindStringSubmatch(rest); m != nil {
			e := &element{tag: m[1]}
			if err := e.readAttributes(m[2]); err != nil {
				return nil, err
			}
			top.kids, rest = append(top.kids, e), rest[len(m[0]):]
			if !slices.Contains([]string{"meta", "link", "br", "input"}, e.tag) {
				open = append(open, e)
			}
			continue
		}
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			i = len(rest)
		}
		text, err := readText(rest[:i])
		if err != nil || i == 0 {
			return nil, fmt.Errorf("no tag and no text: %.60q (%w)", rest, err)
		}
		top.text, rest = top.text+text, rest[i:]
	}
	if len(open) != 1 || len(root.kids) != 1 || strings.TrimSpace(root.text) != "" {
		return nil, fmt.Errorf("<%s> is not closed, or there is more than one root", open[len(open)-1].tag)
	}
	return root.kids[0], nil
}

func (e *element) readAttributes(s string) error {
	for _, m := range regexp.MustCompile(` ([a-z]+)(?:="([^"]*)")?`).FindAllStringSubmatch(s, -1) {
		value, err := readText(m[2])
		if err != nil {
			return err
		}
		if slices.ContainsFunc(e.attrs, func(a [2]string) bool { return a[0] == m[1] }) {
			return fmt.Errorf("%s twice", m[1])
		}
		e.attrs = append(e.attrs, [2]string{m[1], value})
	}
	return nil
}

func readText(s string) (string, error) {
	plain := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "", "&#34;", "", "&#39;", "").Replace(s)
	if strings.ContainsAny(plain, `&<>"'`) || strings.ContainsFunc(plain, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' }) {
		return "", fmt.Errorf("%q is not escaped", s)
	}
	return html.UnescapeString(s), nil
}

func TestParseStrictlyCanFail(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		"", "<p>x</p>", "<p>", "<p>x</b>", "<p><b>x</p></b>", "<P>x</P>", "<p id=x>x</p>", "<p id='x'>x</p>", `<p id="x"y>x</p>`, `<p id="a" id="b">x</p>`,
		`<p id="<">x</p>`, `<p id="&">x</p>`, `<p id="'">x</p>`, "<p>a & b</p>", "<p>&copy;</p>", "<p>\"</p>", "<p>a > b</p>", "<p>a < b</p>", "<p>\x00</p>", "<p>\xff</p>", "<p>\r</p>",
		"<!-- x --><p>x</p>", "<p>x</p><p>x</p>", "<p/>", "x<p>x</p>", "<script>'x'</script>",
	} {
		if page != "<p>x</p>" {
			page = "<!DOCTYPE html>\n" + page
		}
		if root, err := parseStrictly(page); err == nil {
			t.Errorf("%q is read as %s", page, root.shape())
		}
	}
}
