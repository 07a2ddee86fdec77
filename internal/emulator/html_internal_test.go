package emulator

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/provider"
)

// What is not escaped has a type of its own. With string in its place these
// would not compile.
var (
	_ func(*htmlWriter, markup)                           = (*htmlWriter).fixed
	_ func(*htmlWriter, styleSheet)                       = (*htmlWriter).style
	_ func(*htmlWriter, tag)                              = (*htmlWriter).close
	_ func(*htmlWriter, tag, ...attr)                     = (*htmlWriter).open
	_ func(*htmlWriter, tag, ...attr)                     = (*htmlWriter).void
	_ func(*htmlWriter, tag, string, ...attr)             = (*htmlWriter).elem
	_ func(attrName, string) attr                         = set
	_ func(attrName) attr                                 = bare
	_ func(attrName, string) attr                         = to
	_ func([]byte) (styleSheet, error)                    = newStyleSheet
	_ func(*htmlWriter, string)                           = (*htmlWriter).text
	_ func(*htmlWriter, string, string)                   = (*htmlWriter).beginForm
	_ func(*htmlWriter, string, string, string)           = (*htmlWriter).banner
	_ func(*htmlWriter, []string, []string)               = (*htmlWriter).scopeBoxes
	_ func(*call, int, string, string, func(*htmlWriter)) = (*call).render
)

const testCSS styleSheet = "p { color: red; }\n"

// hostile is text that means something in one place or another of a page.
func hostile() []string {
	return []string{
		`"><script>alert(1)</script>`, `' onx=`, `" onmouseover="x`, `javascript:alert(1)`, "a\x00b", "\x00", "\xff\xfe<\xc0\xbc>", "\xed\xa0\x80",
		"a\u2028b\u2029", "</title><script>x</script>", "</style><script>x</script>", "</form><form action=//evil.example>", "<!--", "-->", "<![CDATA[", "]]>",
		"&lt;script&gt;", "&#34;", "&quot", "&", "`${x}`", "{{.CSS}}", "a\r\nb\tc", "\u202e\u2066x", "\x1b[31m\u009b", "\x7f", "\ufffd", "+ADw-script+AD4-",
		"=", "/>", "checked", "", " ", "\n", "김민준 👩🏽‍🚀 שלום",
	}
}

// sample has the text in every place that takes any.
func sample(text, path string) (string, error) {
	return document(text, testCSS, func(w *htmlWriter) {
		w.beginForm(path, text)
		w.line("p", text, set("class", text), set("id", text))
		w.open("label")
		w.void("input", set("type", "checkbox"), set("name", "scope"), set("value", text), bare("checked"))
		w.elem("bdi", text)
		w.closeLine("label")
		w.submit("decision", text, text)
		w.closeLine("form")
	})
}

// seen is what a reader is to get of a text.
func seen(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return utf8.RuneError
		}
		return r
	}, s)
}

// checkSample: the page with that text differs from another one in the text alone.
func checkSample(t *testing.T, text, path string) {
	t.Helper()
	page, err := sample(text, path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseStrictly(page)
	if err != nil {
		t.Fatalf("%v in\n%s", err, page)
	}
	plain, err := sample("x", "/x")
	if err != nil {
		t.Fatal(err)
	}
	want, err := parseStrictly(plain)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.shape(), root.shape()); diff != "" {
		t.Errorf("the shape of the page (-want +got):\n%s", diff)
	}
	for _, place := range root.places() {
		if place[1] != seen(text) {
			t.Errorf("%s reads %q, want %q", place[0], place[1], seen(text))
		}
	}
	f, ok := readForm(page)
	if !ok {
		t.Fatal("Play finds no form")
	}
	if diff := cmp.Diff([]string{path, seen(text), seen(text), seen(text)}, []string{f.action, f.fields[0].value, f.fields[1].value, f.fields[2].value}); diff != "" {
		t.Errorf("what Play reads (-want +got):\n%s", diff)
	}
	if len(f.fields) != 3 || !f.fields[1].checked {
		t.Errorf("Play reads %+v", f.fields)
	}
}

// Row I07, for the writer itself.
func TestTextIsOnlyText(t *testing.T) {
	t.Parallel()
	for _, text := range hostile() {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			t.Parallel()
			checkSample(t, text, "/google/emulator/sign-in")
		})
	}
}

func TestTextIsWrittenAs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{`<b>"O'Brien" & Söhne</b>`, "&lt;b&gt;&#34;O&#39;Brien&#34; &amp; Söhne&lt;/b&gt;"},
		{"&amp;", "&amp;amp;"},
		{"a\x00b\xff\xfec", "a\ufffdb\ufffd\ufffdc"},
		{"a\r\n\tb\u2028c", "a\ufffd\n\tb\u2028c"},
		{"\u0080\u009f\u00a0\x7e\x7f", "\ufffd\ufffd\u00a0~\ufffd"},
	} {
		w := &htmlWriter{}
		w.text(test.text)
		if got, err := w.finish(); got != test.want || err != nil {
			t.Errorf("%q is written as %q (%v), want %q", test.text, got, err, test.want)
		}
	}
}

func TestAddressesStayHere(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/google/emulator/sign-in", "/localhost:4400/x", "/%5B::1%5D:4400/x", "/a_b~c/d.svg", "/a//b"} {
		if page, err := sample("x", path); err != nil || !strings.Contains(page, ` action="`+path+`"`) {
			t.Errorf("%q: %v", path, err)
		}
	}
	refused := []string{
		"//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, "/\t/evil.example", "/\n/evil.example", "http://evil.example/", "https:/x",
		"x", "x/y", "./x", "../x", "/../x", "/a/..", "/a/%2e%2E/b", "/a/./b", "/%2f%2fevil.example", "/%5cevil", "/a%", "/a%zz", " /x", "/x ", "/x?y", "/x#y", "/x;y",
		"/x&y", "/x=y", "/@x", "/<x>", "/한", "/x\u2028", "/[::1]", "/{x}", "/x'", "data:text/html,x", "JaVaScRiPt:alert(1)", "vbscript:x", "\x01javascript:x", "?x", "#x",
	}
	for _, path := range append(refused, hostile()...) {
		if page, err := sample("x", path); err == nil || page != "" {
			t.Errorf("an address of %q is written", path)
		}
		w := &htmlWriter{}
		w.elem("p", "x", to("href", path))
		if _, err := w.finish(); err == nil {
			t.Errorf("a link to %q is written", path)
		}
	}
}

func TestMistakesAreCaught(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		write func(*htmlWriter)
		want  string
	}{
		"unclosed":                {func(w *htmlWriter) { w.open("p"); w.text("x") }, "[p] is not closed"},
		"unclosed inside":         {func(w *htmlWriter) { w.open("main"); w.open("p"); w.close("main") }, "</main> where [main p] is open"},
		"crossed":                 {func(w *htmlWriter) { w.open("p"); w.open("bdi"); w.close("p"); w.close("bdi") }, "</p> where [p bdi] is open"},
		"closed twice":            {func(w *htmlWriter) { w.elem("p", "x"); w.close("p") }, "</p> where [] is open"},
		"closed, never opened":    {func(w *htmlWriter) { w.closeLine("form") }, "</form> where [] is open"},
		"void and opened":         {func(w *htmlWriter) { w.open("br"); w.close("br") }, "<br> cannot be opened"},
		"opened and void":         {func(w *htmlWriter) { w.void("p") }, "<p> has to be opened and closed"},
		"void with an end":        {func(w *htmlWriter) { w.void("br"); w.close("br") }, "</br> where [] is open"},
		"script":                  {func(w *htmlWriter) { w.elem("script", "x") }, "<script> cannot be opened"},
		"style as an element":     {func(w *htmlWriter) { w.elem("style", "x") }, "<style> cannot be opened"},
		"textarea":                {func(w *htmlWriter) { w.elem("textarea", "x") }, "<textarea> cannot be opened"},
		"base":                    {func(w *htmlWriter) { w.void("base", to("href", "/x")) }, "<base> has to be opened"},
		"a tag with more in it":   {func(w *htmlWriter) { w.elem("p onx=1", "x") }, "<p onx=1> cannot be opened"},
		"capitals":                {func(w *htmlWriter) { w.elem("P", "x") }, "<P> cannot be opened"},
		"a tag in the title":      {func(w *htmlWriter) { w.open("title"); w.elem("bdi", "x"); w.close("title") }, "<bdi> in the title"},
		"handler":                 {func(w *htmlWriter) { w.elem("p", "x", set("onclick", "x")) }, "attribute onclick"},
		"style attribute":         {func(w *htmlWriter) { w.elem("p", "x", set("style", "x")) }, "attribute style"},
		"src":                     {func(w *htmlWriter) { w.elem("p", "x", to("src", "/x")) }, "attribute src"},
		"formaction":              {func(w *htmlWriter) { w.elem("button", "x", to("formaction", "/x")) }, "attribute formaction"},
		"an attribute with more":  {func(w *htmlWriter) { w.elem("p", "x", set("id=x onx", "1")) }, "attribute id=x onx"},
		"attribute without name":  {func(w *htmlWriter) { w.elem("p", "x", attr{}) }, "attribute  cannot"},
		"an action that is text":  {func(w *htmlWriter) { w.elem("form", "", set("action", "/x")) }, "attribute action"},
		"a link that is text":     {func(w *htmlWriter) { w.elem("p", "", set("href", "javascript:x")) }, "attribute href"},
		"a value that is a path":  {func(w *htmlWriter) { w.void("input", to("value", "/x")) }, "attribute value"},
		"bare value":              {func(w *htmlWriter) { w.void("input", bare("value")) }, "attribute value"},
		"checked with a value":    {func(w *htmlWriter) { w.void("input", set("checked", "no")) }, "attribute checked"},
		"attribute twice":         {func(w *htmlWriter) { w.elem("p", "", set("id", "a"), set("id", "b")) }, "attribute id twice"},
		"style sheet in the body": {func(w *htmlWriter) { w.open("body"); w.style(testCSS); w.close("body") }, "not in the head"},
		"no style sheet":          {func(w *htmlWriter) { w.open("head"); w.style(""); w.close("head") }, "there is no style sheet"},
		"the first one is told":   {func(w *htmlWriter) { w.close("p"); w.open("script"); w.close("script") }, "</p> where"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &htmlWriter{}
			test.write(w)
			page, err := w.finish()
			if err == nil || page != "" || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("page %q, error %v, want one with %q", page, err, test.want)
			}
		})
	}
}

// Every page, with hostile people, is read alike by every reader. The second
// realm is named as a discovered provider is.
func TestPagesAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"google", "[::1]:4400", "localhost:4400"} {
		p, err := provider.Preset("google")
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id
		var people []Person
		for i, text := range hostile() {
			people = append(people, Person{ID: fmt.Sprint("p", i), Name: "x" + text, Email: text})
		}
		s, err := New(Options{Providers: []*provider.Provider{p}, People: people, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
		if err != nil {
			t.Fatal(err)
		}
		page := func(status int, method, path, form string) string {
			r := httptest.NewRequest(method, "http://127.0.0.1:4400"+path, strings.NewReader(form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.Handler("http://127.0.0.1:4400").ServeHTTP(w, r)
			if _, err := parseStrictly(w.Body.String()); err != nil || w.Code != status {
				t.Fatalf("%s %s: %d, %v\n%s", method, path, w.Code, err, w.Body)
			}
			return w.Body.String()
		}
		page(http.StatusOK, "GET", "/", "")
		q := url.Values{
			"client_id": {"<b>'app'"}, "redirect_uri": {"http://127.0.0.1:1/callback"}, "response_type": {"code"}, "scope": {"openid email"},
		}
		start := "/" + url.PathEscape(id) + "/o/oauth2/v2/auth?"
		f, ok := readForm(page(http.StatusOK, "GET", start+q.Encode(), ""))
		if !ok || len(f.fields) != len(people)+2 {
			t.Fatalf("the sign-in page has the form %+v", f)
		}
		for i := range people {
			form := url.Values{"request": {f.fields[0].value}, "person": {people[i].ID}}
			page(http.StatusOK, "POST", f.action, form.Encode())
		}
		q.Set("redirect_uri", strings.Join(hostile(), "|"))
		page(http.StatusBadRequest, "GET", start+q.Encode(), "")
	}
}

func TestStyleSheetCannotEndItsElement(t *testing.T) {
	t.Parallel()
	for _, css := range []string{"", "p{}</style><script>", "<!--", "a\x00", "a\xff", "a\r\nb"} {
		if _, err := newStyleSheet([]byte(css)); err == nil {
			t.Errorf("%q is a style sheet", css)
		}
	}
}

// conversions finds where a file makes one of the unescaped types from something else.
func conversions(t *testing.T, name string, text any) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, decl := range file.Decls {
		where := name
		if f, ok := decl.(*ast.FuncDecl); ok {
			where = f.Name.Name
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if to, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && slices.Contains([]string{"tag", "attrName", "markup", "styleSheet"}, to.Name) {
				found = append(found, to.Name+" in "+where)
			}
			return true
		})
	}
	return found
}

func TestOnlyConstantsAreMarkup(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			found = append(found, conversions(t, e.Name(), nil)...)
		}
	}
	if diff := cmp.Diff([]string{"styleSheet in newStyleSheet"}, found); diff != "" {
		t.Errorf("conversions to what is not escaped (-want +got):\n%s", diff)
	}
	bad := "package x\nfunc f(s string) { w.fixed(markup(s)); w.open((tag)(s), set(attrName(s), s)) }\nvar x = markup(y)\n"
	if diff := cmp.Diff([]string{"markup in f", "tag in f", "attrName in f", "markup in a.go"}, conversions(t, "a.go", bad)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzHTML: whatever the text and the address, the page has the shape we gave
// it, the text reads as itself, and the form stays on this server.
func FuzzHTML(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text, "/google/emulator/sign-in")
		f.Add("x", text)
	}
	f.Add("x", "//evil.example/%2e")
	f.Fuzz(func(t *testing.T, text, path string) {
		if page, err := sample(text, path); err != nil {
			if ownPath(path) || page != "" {
				t.Fatal(err)
			}
			path = "/"
		}
		checkSample(t, text, path)
		here := &url.URL{Scheme: "http", Host: "127.0.0.1:4400", Path: "/a/b"}
		target, err := here.Parse(path)
		if err != nil || target.Host != here.Host || target.Scheme != "http" || target.User != nil || target.EscapedPath() != path || target.RawQuery != "" {
			t.Fatalf("%q leads to %v (%v)", path, target, err)
		}
	})
}
