package jose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// lines runs Lines and cuts its output at the line ends.
func lines(t testing.TB, input string, o LinesOptions) ([]string, LinesResult) {
	t.Helper()
	var out bytes.Buffer
	result, err := Lines(t.Context(), strings.NewReader(input), &out, o)
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if out.Len() == 0 {
		list = nil
	}
	for _, line := range list {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	return list, result
}

func TestLines(t *testing.T) {
	token := unsigned(`{"alg":"none"}`, `{"sub":"a","exp":1795348800}`)
	long := unsigned(`{"alg":"none"}`, `{"x":"`+strings.Repeat("x", 200)+`"}`)
	const decoded = `"ok":true,"type":"jwt","header":{"alg":"none"},"payload":{"sub":"a","exp":1795348800},"verified":false,` +
		`"warnings":[{"code":"alg_none","where":"alg","detail":"\"none\""}],` +
		`"times":{"exp":{"value":1795348800,"utc":"2026-11-22T12:00:00Z"}}`
	for _, test := range []struct {
		name, input string
		want        []string
		result      LinesResult
	}{
		{"nothing", "", nil, LinesResult{}},
		{"one line", token + "\n", []string{`{"line":1,` + decoded + `}`}, LinesResult{Lines: 1, Tokens: 1}},
		{"no line end, CRLF", token + "\r\n" + token, []string{
			`{"line":1,` + decoded + `}`, `{"line":2,` + decoded + `}`,
		}, LinesResult{Lines: 2, Tokens: 2}},
		{"pasted forms", "Bearer " + token + "\n", []string{`{"line":1,` + decoded + `,"stripped":["scheme:Bearer"]}`}, LinesResult{Lines: 1, Tokens: 1}},
		{"an empty line is a line", "\n" + token + "\n", []string{
			`{"line":1,"ok":false,"code":"malformed","error":"there is nothing in the input"}`, `{"line":2,` + decoded + `}`,
		}, LinesResult{Lines: 2, Tokens: 1, Failed: 1}},
		{"a broken line spoils no other", "a.b\n" + token + "\neyJ!.eyJ9.\n", []string{
			`{"line":1,"ok":false,"code":"malformed","error":"2 parts; a signed token has 3, an encrypted one 5"}`,
			`{"line":2,` + decoded + `}`,
			`{"line":3,"ok":false,"code":"malformed","error":"segment 1, byte 4: '!' is not a base64url character"}`,
		}, LinesResult{Lines: 3, Tokens: 1, Failed: 2}},
		{"a line that is too long spoils no other", token + "\n" + long + "\n" + token + "\n", []string{
			`{"line":1,` + decoded + `}`,
			`{"line":2,"ok":false,"code":"too_large","error":"longer than 120 bytes"}`,
			`{"line":3,` + decoded + `}`,
		}, LinesResult{Lines: 3, Tokens: 2, Failed: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, result := lines(t, test.input, LinesOptions{MaxLine: 120})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.result, result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLinesShortWay proves that the short way and the long way write the same.
func TestLinesShortWay(t *testing.T) {
	rsa := func(header, payload string) string {
		return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode(make([]byte, 256))
	}
	for name, test := range map[string]struct {
		token string
		short bool
	}{
		"ordinary":         {rsa(`{"alg":"RS256","kid":"1"}`, `{"iss":"i","exp":1795348800,"iat":1,"n":[1,{"a":"b"}]}`), true},
		"none":             {unsigned(`{"alg":"none"}`, `{"exp":99999999999}`), true},
		"unknown alg":      {rsa(`{"alg":"ES256K"}`, `{"a":1}`), true},
		"blanks":           {unsigned(`{"alg":"none"}`, "{ \"a\" :\t1 ,\n\"b c\" : [ 2 ] }"), true},
		"not ASCII":        {unsigned(`{"alg":"none"}`, `{"name":"김철수","e":"é"}`), true},
		"escapes":          {unsigned(`{"alg":"none"}`, `{"name":"\uae40","\u0065xp":1795348800}`), true},
		"text updated_at":  {unsigned(`{"alg":"none"}`, `{"updated_at":"2026-01-01"}`), true},
		"empty object":     {unsigned(`{"alg":"none"}`, `{}`), true},
		"header warnings":  {unsigned(`{"alg":"none","jku":"https://x.example/\u202e","kid":7}`, `{"auth_time":5}`), true},
		"hidden":           {unsigned(`{"alg":"none"}`, "{\"a\":\"\u202e\"}"), false},
		"DEL":              {unsigned(`{"alg":"none"}`, "{\"a\":\"\x7f\"}"), false},
		"duplicate":        {unsigned(`{"alg":"none"}`, `{"a":1,"\u0061":2}`), false},
		"milliseconds":     {unsigned(`{"alg":"none"}`, `{"exp":1795348800000}`), false},
		"fraction":         {unsigned(`{"alg":"none"}`, `{"exp":1795348800.5}`), false},
		"date as text":     {unsigned(`{"alg":"none"}`, `{"exp":"tomorrow"}`), false},
		"case":             {unsigned(`{"alg":"none"}`, `{"Exp":1}`), false},
		"detached":         {unsigned(`{"alg":"none"}`, ``), false},
		"array":            {unsigned(`{"alg":"none"}`, `[1]`), false},
		"signature length": {rsa(`{"alg":"HS256"}`, `{"a":1}`), false},
		"zip":              {unsigned(`{"alg":"none","zip":"DEF"}`, `{"a":1}`), false},
		"b64":              {unsigned(`{"alg":"none","b64":false}`, `{"a":1}`), false},
		"not UTF-8":        {unsigned(`{"alg":"none"}`, "{\"a\":\"\xff\"}"), false},
	} {
		for _, redact := range []*Redactor{nil, NewRedactor([]byte("salt"))} {
			l := newLineDecoder(LinesOptions{MaxLine: MaxLine, Redact: redact}, newPairs())
			want, err := Explain([]byte(test.token), l.options)
			if err != nil {
				t.Fatal(name, err)
			}
			for range 2 { // the second time the header is known
				got, ok := l.short([]byte("{"), []byte(test.token))
				if ok != test.short {
					t.Errorf("%s: the short way is taken: %t", name, ok)
				} else if diff := cmp.Diff(string(want.AppendJSON(nil)), string(got)); ok && diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
	}
}

// FuzzLines holds the short way to the long one, and each line to one object.
func FuzzLines(f *testing.F) {
	f.Add([]byte(unsigned(`{"alg":"RS256"}`, `{"exp":1795348800,"é":[{}]}`)+encode(make([]byte, 256))), true)
	f.Add([]byte("\n\r\n.\x00..\neyJ"), false)
	table := newPairs()
	f.Fuzz(func(t *testing.T, input []byte, redact bool) {
		var r *Redactor
		if redact {
			r = NewRedactor([]byte("salt"))
		}
		l := newLineDecoder(LinesOptions{MaxLine: MaxLine, Redact: r}, table)
		if got, ok := l.short([]byte("{"), input); ok {
			e, err := Explain(input, l.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(e.AppendJSON(nil)), string(got)); diff != "" {
				t.Fatal(diff)
			}
		}
		// What a worker does, without goroutines: fuzzing wants the same
		// coverage for the same input.
		for _, scan := range []bool{false, true} {
			s := &stream{ctx: t.Context(), options: LinesOptions{Redact: r, MaxLine: 200, Scan: scan}, table: table}
			c := &chunk{in: input}
			s.handle(s.worker(), c)
			for line := range bytes.Lines(c.out) {
				if !json.Valid(line) {
					t.Fatalf("not JSON: %q", line)
				}
			}
			count := bytes.Count(input, []byte{'\n'})
			if len(input) > 0 && input[len(input)-1] != '\n' {
				count++
			}
			got := bytes.Count(c.out, []byte{'\n'})
			if !scan && (got != count || c.result.Tokens+c.result.Failed != int64(count)) || scan && int64(got) != c.result.Tokens {
				t.Fatalf("%d objects, %+v", got, c.result)
			}
		}
	})
}

// TestLinesOrder has more lines than chunks hold, of all lengths, read in odd
// pieces by several workers.
func TestLinesOrder(t *testing.T) {
	var input strings.Builder
	const count = 3000
	for i := range count {
		payload := fmt.Sprintf(`{"n":%d,"x":%q}`, i, strings.Repeat("x", i*37%1500))
		if i%500 == 7 {
			payload = fmt.Sprintf(`{"n":%d,"x":%q}`, i, strings.Repeat("x", 300<<10))
		}
		input.WriteString(unsigned(`{"alg":"none"}`, payload) + "\n")
	}
	for name, r := range map[string]io.Reader{
		"whole":  strings.NewReader(input.String()),
		"halves": iotest.HalfReader(strings.NewReader(input.String())),
		"errors": iotest.DataErrReader(strings.NewReader(input.String())),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			result, err := Lines(t.Context(), r, &out, LinesOptions{Workers: 3})
			if err != nil || result != (LinesResult{Lines: count, Tokens: count}) {
				t.Fatal(result, err)
			}
			for i := range count {
				line, err := out.ReadBytes('\n')
				want := fmt.Sprintf(`{"line":%d,"ok":true,"type":"jwt","header":{"alg":"none"},"payload":{"n":%d,`, i+1, i)
				if err != nil || !bytes.HasPrefix(line, []byte(want)) {
					t.Fatalf("%.200s, want %s", line, want)
				}
			}
		})
	}
}

// TestLinesAnswersAtOnce waits for the answer to a line before it gives the next.
func TestLinesAnswersAtOnce(t *testing.T) {
	in, feed := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := Lines(context.Background(), in, out, LinesOptions{})
		done <- err
	}()
	token := unsigned(`{"alg":"none"}`, `{}`)
	for i := range 3 {
		if _, err := io.WriteString(feed, token+"\n"); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		n, err := answers.Read(buffer)
		if err != nil || !bytes.HasPrefix(buffer[:n], fmt.Appendf(nil, `{"line":%d,"ok":true`, i+1)) {
			t.Fatalf("%q, %v", buffer[:n], err)
		}
	}
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestLinesErrors(t *testing.T) {
	broken := errors.New("CANARY-DISK-1")
	endless := iotest.OneByteReader(&generator{size: 1 << 40, line: []byte("x\n")})
	if _, err := Lines(t.Context(), endless, failingWriter{broken}, LinesOptions{}); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
	if _, err := Lines(t.Context(), iotest.ErrReader(broken), io.Discard, LinesOptions{}); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lines(ctx, endless, io.Discard, LinesOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context: %v", err)
	}
	if _, err := Lines(t.Context(), endless, io.Discard, LinesOptions{Verifier: &Verifier{}}); !errors.Is(err, ErrConfig) {
		t.Errorf("verifier: %v", err)
	}
	if _, err := Lines(t.Context(), endless, io.Discard, LinesOptions{Verifier: verifier(testKey(t, "HS256")), Scan: true}); !errors.Is(err, ErrConfig) {
		t.Errorf("verifier and scan: %v", err)
	}
}

// generator is a stream of the same line, of any size, out of nothing.
type generator struct {
	size int64
	line []byte
	at   int
}

func (g *generator) Read(p []byte) (int, error) {
	if g.size <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && g.size > 0 {
		c := copy(p[n:min(int64(len(p)), int64(n)+g.size)], g.line[g.at:])
		g.at = (g.at + c) % len(g.line)
		n, g.size = n+c, g.size-int64(c)
	}
	return n, nil
}

// TestLinesConstantMemory sends 64 MB through, as tokens, as one line without end
// and as one word without end, and watches the heap.
func TestLinesConstantMemory(t *testing.T) {
	key := pemKey(t, "rsa2048.pem", "RS256")
	token, err := Sign(key, Header{}, []byte(claims("")))
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	for name, test := range map[string]struct {
		line string
		o    LinesOptions
	}{
		"tokens":                {token + "\n", LinesOptions{}},
		"redacted":              {token + "\n", LinesOptions{Redact: NewRedactor(nil)}},
		"scan":                  {"GET /?token=" + token + " 200\n", LinesOptions{Scan: true}},
		"a line without end":    {"xxxxxxx", LinesOptions{}},
		"a log without an end":  {"some words, ", LinesOptions{Scan: true}},
		"a scan without an end": {"eyJ.eyJ.", LinesOptions{Scan: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			peak := &heapWatcher{}
			result, err := Lines(t.Context(), &generator{size: size, line: []byte(test.line)}, peak, test.o)
			if err != nil || result.Lines == 0 {
				t.Fatal(result, err)
			}
			runtime.ReadMemStats(&after)
			if peak.most > before.HeapAlloc+16<<20 {
				t.Errorf("the heap grew from %d to %d bytes", before.HeapAlloc, peak.most)
			}
			if total := after.TotalAlloc - before.TotalAlloc; total > 32<<20 {
				t.Errorf("%d bytes were allocated for %d lines", total, result.Lines)
			}
		})
	}
}

// heapWatcher notes the largest heap each time something is written.
type heapWatcher struct {
	count int
	most  uint64
}

func (w *heapWatcher) Write(p []byte) (int, error) {
	if w.count++; w.count%64 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapAlloc)
	}
	return len(p), nil
}
