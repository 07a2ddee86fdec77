package jose

import (
	"strings"
	"time"
)

// lineDecoder decodes one line after the other. What it writes is exactly what
// Explain and AppendJSON would; an ordinary token, which is nearly every token,
// only takes a shorter way there: its header was seen before, it goes from
// base64url straight into the output, is checked there, and nothing is allocated.
type lineDecoder struct {
	options ExplainOptions
	table   *pairs
	claims  *document
	buffer  []byte
	last    *lineHead
	heads   map[string]*lineHead
	redact  *Redactor
	dates   dateWriter
}

// lineHead is a header that was seen before.
type lineHead struct {
	text     string // encoded
	ordinary bool   // a token with it can go the short way
	before   string // what stands in the output before the payload
	warnings string // and what stands behind it
	sizes    signatureSizes
	none     bool // the token is not signed
}

// maxHeads bounds what is remembered. A stream with more headers is one that
// somebody made up; then remembering begins anew.
const maxHeads = 64

func newLineDecoder(o LinesOptions, table *pairs) *lineDecoder {
	return &lineDecoder{
		options: ExplainOptions{MaxSize: o.MaxLine, Redact: o.Redact.clone(), Key: o.Key, brief: true},
		table:   table, claims: newDocument(), heads: make(map[string]*lineHead), redact: o.Redact.clone(),
	}
}

func (l *lineDecoder) line(dst []byte, c *chunk, number int64, line []byte) []byte {
	at := len(dst)
	dst = append(appendLine(dst, number, true), ',')
	if out, ok := l.short(dst, line); ok {
		c.result.Tokens++
		return append(out, '\n')
	}
	e, err := Explain(line, l.options)
	if err != nil {
		c.result.Failed++
		return appendLineError(dst[:at], number, errorCode(err), err.Error())
	}
	c.result.Tokens++
	return append(e.appendMembers(dst), "}\n"...)
}

// short appends the members of an ordinary token and the closing brace. If ok is
// false the token has to go the long way.
func (l *lineDecoder) short(dst, token []byte) (out []byte, ok bool) {
	t, err := slice(token)
	if err != nil {
		return dst, false
	}
	h := l.last
	if h == nil || h.text != string(t.Header) {
		h = l.head(t.Header)
	}
	if !h.ordinary || len(t.Payload) == 0 || !h.signature(l.table.size(t.Signature)) {
		return dst, false
	}
	dst = append(dst, h.before...)
	if dst, ok = l.payload(dst, t.Payload); !ok {
		return dst, false
	}
	dst = append(dst, h.warnings...)
	if dst, ok = l.times(dst); !ok {
		return dst, false
	}
	return append(dst, "}}"...), true
}

func (h *lineHead) signature(size int) bool {
	if h.none {
		return size >= 0
	}
	return size > 0 && h.sizes.fit(size)
}

// head reads a header, or finds it among those that were read.
func (l *lineDecoder) head(text []byte) *lineHead {
	h := l.heads[string(text)]
	if h == nil {
		if len(l.heads) >= maxHeads {
			clear(l.heads)
		}
		h = l.newHead(text)
		l.heads[h.text] = h
	}
	l.last = h
	return h
}

func (l *lineDecoder) newHead(text []byte) *lineHead {
	h := &lineHead{text: string(text)}
	data, serr := decodeStrict(nil, text)
	if serr != nil || len(text) > MaxToken {
		return h
	}
	e := &Explanation{Type: TypeJWT, options: l.options}
	head, err := e.header(data)
	if err != nil || head.unencoded() || len(e.Warnings) > maxWarnings/2 {
		return h
	}
	if _, zip := head.getString("zip"); zip {
		return h
	}
	alg, _ := head.getString("alg")
	h.ordinary, h.sizes, h.none = true, signatureSize(alg), isNone(alg)
	e.redact()
	h.before = string(e.appendStart(nil)) + `,"payload":`
	h.warnings = string(e.appendWarnings(nil)) + `,"times":{`
	return h
}

// payload decodes and checks the payload where it stands in the output. What
// cannot stay there as it is, is written again.
func (l *lineDecoder) payload(dst, text []byte) (out []byte, ok bool) {
	at := len(dst)
	dst, ok = l.table.decode(dst, text)
	if !ok {
		return dst, false
	}
	d := l.claims
	if d.parse(dst[at:], depthTolerant) != nil || d.kind != kindObject || d.clean() != nil {
		return dst, false
	}
	if d.plain && !d.blanks && l.redact == nil {
		return dst, true
	}
	if !d.plain && hidden(d.text) {
		return dst, false
	}
	l.buffer = append(l.buffer[:0], dst[at:]...)
	if d.parse(l.buffer, depthTolerant) != nil {
		return dst, false
	}
	return appendSafe(dst[:at], l.buffer, l.redact), true
}

// times appends the dates among the claims; ok is false if there is anything to
// be said about one of them, or about a name.
func (l *lineDecoder) times(dst []byte) (out []byte, ok bool) {
	d, first := l.claims, true
	for i := range d.names {
		name := d.name(d.keys[i])
		switch len(name) {
		case 3:
			switch string(name) {
			case "iss", "sub", "aud", "jti":
				continue
			case "exp", "nbf", "iat":
			default:
				if looksRegistered(name) {
					return dst, false
				}
				continue
			}
		case 9, 10:
			if s := string(name); s != "auth_time" && s != "updated_at" {
				continue
			}
		default:
			continue
		}
		v := d.values[i]
		value := d.data[v.start:v.end]
		if v.kind != kindNumber {
			if len(name) == 10 {
				continue
			}
			return dst, false
		}
		seconds, ok := smallDate(value)
		if !ok {
			return dst, false
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), name...), `":{"value":`...)
		dst = append(append(dst, value...), `,"utc":"`...)
		dst = append(l.dates.append(dst, seconds), `"}`...)
	}
	return dst, true
}

// smallDate reads a date that is written as a plain integer of at most 11 digits,
// which nobody could take for milliseconds.
func smallDate(text []byte) (seconds int64, ok bool) {
	if len(text) > 11 || text[0] == '0' {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = seconds*10 + int64(c-'0')
	}
	return seconds, true
}

// dateWriter writes dates as RFC 3339 in UTC. Dates in tokens are near each other,
// so it keeps the last day.
type dateWriter struct {
	day  int64
	text [11]byte // 2026-11-22T
}

func (w *dateWriter) append(dst []byte, seconds int64) []byte {
	day, rest := seconds/86400, seconds%86400
	if day != w.day || w.text[0] == 0 {
		w.day = day
		time.Unix(seconds, 0).UTC().AppendFormat(w.text[:0], "2006-01-02T")
	}
	dst = append(dst, w.text[:]...)
	digits := func(n int64, end byte) {
		dst = append(dst, byte('0'+n/10), byte('0'+n%10), end)
	}
	digits(rest/3600, ':')
	digits(rest/60%60, ':')
	digits(rest%60, 'Z')
	return dst
}

// looksRegistered reports whether a name of three letters is a registered claim
// but for the case of its letters.
func looksRegistered(name []byte) bool {
	for _, r := range [...]string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
		if strings.EqualFold(r, string(name)) {
			return true
		}
	}
	return false
}
