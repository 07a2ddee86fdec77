package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pages are put together by a writer of our own, since html/template looks
// methods up by name, at which the linker keeps every exported method of the
// whole program: 2.7 MB of it. What the writer gives instead of a parser that
// knows contexts is a language in which the dangerous contexts cannot be said
// (I07): there are no scripts, no handlers and no style attributes; all text
// and every value is escaped; and a value that is an address is a plain path of
// this server. A mistake is kept, as [bufio.Writer] keeps one, and comes out of
// finish: such a page is not sent at all.

// tag, attrName and markup are what reaches a page as it is. As types of their
// own they take constants, and no string that came from somewhere: the compiler
// asks for a conversion, and a test allows none.
type (
	tag      string
	attrName string
	// markup is a whole piece of a page, with everything closed that it opens.
	markup string
	// styleSheet is made by newStyleSheet.
	styleSheet string
)

// htmlWriter writes one page.
type htmlWriter struct {
	b    strings.Builder
	path []tag // the elements that are open
	err  error // the first mistake
}

// newStyleSheet takes the embedded file. Without a "<" it cannot end the
// element it will stand in.
func newStyleSheet(css []byte) (styleSheet, error) {
	if len(css) == 0 || !utf8.Valid(css) || strings.ContainsAny(string(css), "<\x00\r") {
		return "", errors.New("the style sheet is not one that can stand in a page as it is")
	}
	return styleSheet(css), nil
}

// attr is one attribute.
type attr struct {
	name  attrName
	value string
	kind  attrKind
}

type attrKind int

const (
	unknownAttr attrKind = iota
	valueAttr            // name="value"
	bareAttr             // name
	pathAttr             // name="/path"
)

// set is an attribute with any text for a value.
func set(name attrName, value string) attr { return attr{name, value, valueAttr} }

// bare is an attribute without a value.
func bare(name attrName) attr { return attr{name, "", bareAttr} }

// to is an attribute that leads to a path of this server.
func to(name attrName, path string) attr { return attr{name, path, pathAttr} }

// kindOf is the list of attributes there are. A browser does something on its
// own with none of the first kind, whatever the value.
func (a attr) kindOf() attrKind {
	switch a.name {
	case "class", "id", "lang", "method", "name", "role", "scope", "type", "value":
		return valueAttr
	case "checked":
		return bareAttr
	case "action", "href":
		return pathAttr
	}
	return unknownAttr
}

// container: an element that is opened and closed, and has no rules of its own
// on what the text in it means.
func (t tag) container() bool {
	switch t {
	case "html", "head", "title", "body", "main", "h1", "h2", "p", "ul", "li", "pre", "code", "strong", "bdi", "span",
		"table", "tr", "th", "td", "form", "fieldset", "legend", "label", "button":
		return true
	}
	return false
}

// void: an element that is never closed.
func (t tag) void() bool { return t == "br" || t == "input" }

func (w *htmlWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// open begins an element; close ends it.
func (w *htmlWriter) open(t tag, attrs ...attr) {
	if !t.container() {
		w.fail("<%s> cannot be opened", t)
	}
	w.start(t, attrs)
	w.path = append(w.path, t)
}

// void writes an element that has no end.
func (w *htmlWriter) void(t tag, attrs ...attr) {
	if !t.void() {
		w.fail("<%s> has to be opened and closed", t)
	}
	w.start(t, attrs)
}

func (w *htmlWriter) start(t tag, attrs []attr) {
	if len(w.path) > 0 && w.path[len(w.path)-1] == "title" {
		w.fail("<%s> in the title", t)
	}
	w.b.WriteString("<" + string(t))
	for i, a := range attrs {
		if slices.ContainsFunc(attrs[:i], func(b attr) bool { return a.name == b.name }) {
			w.fail("<%s> has the attribute %s twice", t, a.name)
		}
		w.attribute(a)
	}
	w.b.WriteByte('>')
}

func (w *htmlWriter) attribute(a attr) {
	if kind := a.kindOf(); kind == unknownAttr || kind != a.kind {
		w.fail("the attribute %s cannot be written in this way", a.name)
		return
	}
	w.b.WriteString(" " + string(a.name))
	switch a.kind {
	case bareAttr:
		return
	case pathAttr:
		if !ownPath(a.value) {
			w.fail("the attribute %s leads to %q, which is no plain path", a.name, a.value)
			return
		}
	default:
	}
	w.b.WriteString(`="`)
	w.text(a.value)
	w.b.WriteByte('"')
}

// close ends the innermost element, which has to be this one. It is named for
// the reader's sake, and to find the one that was forgotten.
func (w *htmlWriter) close(t tag) {
	last := len(w.path) - 1
	if last < 0 || w.path[last] != t {
		w.fail("</%s> where %v is open", t, w.path)
		return
	}
	w.path = w.path[:last]
	w.b.WriteString("</" + string(t) + ">")
}

// closeLine ends an element and the line.
func (w *htmlWriter) closeLine(t tag) {
	w.close(t)
	w.b.WriteByte('\n')
}

// elem is an element with nothing but text in it.
func (w *htmlWriter) elem(t tag, text string, attrs ...attr) {
	w.open(t, attrs...)
	w.text(text)
	w.close(t)
}

// line is an elem on a line of its own.
func (w *htmlWriter) line(t tag, text string, attrs ...attr) {
	w.elem(t, text, attrs...)
	w.b.WriteByte('\n')
}

// text writes anything so that it reads as that and nothing else, between tags
// and between double quotes. What has no place in a page becomes U+FFFD: bytes
// that are no UTF-8, and control characters other than tab and line feed.
func (w *htmlWriter) text(s string) {
	for _, r := range s {
		switch {
		case r == '&':
			w.b.WriteString("&amp;")
		case r == '<':
			w.b.WriteString("&lt;")
		case r == '>':
			w.b.WriteString("&gt;")
		case r == '"':
			w.b.WriteString("&#34;")
		case r == '\'':
			w.b.WriteString("&#39;")
		case r < ' ' && r != '\t' && r != '\n', r >= 0x7f && r < 0xa0:
			w.b.WriteRune(utf8.RuneError)
		default:
			w.b.WriteRune(r) // of an invalid byte range makes utf8.RuneError
		}
	}
}

// fixed writes a piece of our own as it is.
func (w *htmlWriter) fixed(m markup) { w.b.WriteString(string(m)) }

// style writes the style sheet, exactly as the policy's hash has it.
func (w *htmlWriter) style(css styleSheet) {
	if css == "" || len(w.path) == 0 || w.path[len(w.path)-1] != "head" {
		w.fail("there is no style sheet, or it is not in the head")
	}
	w.b.WriteString("<style>" + string(css) + "</style>\n")
}

// finish is the page, if there was no mistake in it.
func (w *htmlWriter) finish() (string, error) {
	if len(w.path) > 0 {
		w.fail("%v is not closed", w.path)
	}
	if w.err != nil {
		return "", fmt.Errorf("write a page: %w", w.err)
	}
	return w.b.String(), nil
}

// ownPath: a path that cannot leave this server, or the folder it names. With
// no colon or second slash in front there is no scheme and no host in it, and
// what a browser would repair is not in it either.
func ownPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("/-._~:%", c) < 0 {
			return false
		}
	}
	return plainSegments(s)
}
