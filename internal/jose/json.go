package jose

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// kind is the type of a JSON value.
type kind uint8

const (
	kindNone kind = iota
	kindObject
	kindArray
	kindString
	kindNumber
	kindTrue
	kindFalse
	kindNull
)

func (k kind) String() string {
	switch k {
	case kindObject:
		return "an object"
	case kindArray:
		return "an array"
	case kindString:
		return "a string"
	case kindNumber:
		return "a number"
	case kindTrue, kindFalse:
		return "a boolean"
	case kindNull:
		return "null"
	}
	return "nothing"
}

const (
	depthStrict   = 32  // row W20: what a verifier reads
	depthTolerant = 512 // what decode shows
	manyKeys      = 32  // from here on an object's keys are looked up in a map
	maxDuplicates = 16  // more of them are found but not listed

	// maxMembers bounds what is remembered about one text: the outermost
	// members, and the keys of all objects that are open at one place.
	maxMembers = 100000
)

// member is one member of the outermost object, or one element of the
// outermost array (without a name).
type member struct {
	name  []byte // decoded; do not change
	value []byte // the exact text
	kind  kind
}

// extent says where the value of a member lies in the text.
type extent struct {
	start, end int32
	kind       kind
}

// span says where a key lies: in the text or, if it had escapes, decoded in
// document.decoded.
type span struct {
	start, end int32
	decoded    bool
}

// duplicate is a key that an object, at any depth, has twice.
type duplicate struct {
	name   []byte
	offset int // of the second one, from 0
}

type frame struct {
	object bool
	base   int             // the object's keys are document.keys[base:]
	digest uint64          // a bit for each key, so that most new keys are known to be new
	seen   map[string]bool // filled once there are more than manyKeys
}

// document is one JSON text that was checked in a single pass without
// recursion: its grammar (RFC 8259), depth, keys that occur twice, UTF-8. Bytes,
// number texts and the order of keys stay as they are; the outermost members
// can be looked up.
//
// A document may be used again; its slices are kept. What was read from it
// before is then no longer valid.
type document struct {
	data       []byte
	kind       kind
	text       []byte   // the value without blanks around it
	values     []extent // of the outermost members or elements
	names      int      // how many keys the outermost object has; they are keys[:names]
	duplicates []duplicate
	badUTF8    int  // offset of the first bad byte plus 1, or 0
	surrogate  bool // an escape stands for half of a surrogate pair
	plain      bool // no byte is DEL or above
	blanks     bool // there are blanks between the tokens of the text

	depth   int
	frames  []frame
	keys    []span
	decoded []byte
}

// newDocument returns a document with room for what a token usually holds, so
// that reading it allocates nothing more.
func newDocument() *document {
	d := &struct {
		document
		values [20]extent
		frames [4]frame
		keys   [28]span
	}{}
	d.document.values, d.document.frames, d.document.keys = d.values[:0], d.frames[:0], d.keys[:0]
	return &d.document
}

// parse checks data. The error's Offset counts from 1.
func (d *document) parse(data []byte, depth int) *SyntaxError {
	d.data, d.kind, d.text, d.depth = data, kindNone, nil, depth
	d.values, d.names, d.duplicates = d.values[:0], 0, d.duplicates[:0]
	d.frames, d.keys, d.decoded = d.frames[:0], d.keys[:0], nil
	d.badUTF8, d.surrogate, d.blanks = 0, false, false
	if len(data) > math.MaxInt32 {
		return &SyntaxError{Reason: "longer than 2 GiB"}
	}
	if i, reason := d.run(); reason != "" {
		return &SyntaxError{Offset: i + 1, JSON: true, Reason: reason}
	}
	if d.plain = plainASCII(data); !d.plain && !utf8.Valid(data) {
		d.badUTF8 = firstBadUTF8(data) + 1
	}
	return nil
}

func firstBadUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

const reasonMembers = "the JSON has too many members"

type state uint8

const (
	wantValue state = iota
	wantFirstElement
	wantFirstKey
	wantKey
	wantEnd // a value is complete: a comma, a closing bracket or the end follows
)

// run walks over the text. It returns where it stopped and why, or "".
func (d *document) run() (int, string) {
	var (
		i      int
		next   state
		reason string
	)
	for {
		i = d.skip(i)
		if i == len(d.data) {
			break
		}
		c := d.data[i]
		switch next {
		case wantFirstKey, wantKey:
			if c == '}' && next == wantFirstKey {
				i, next = d.pop(i), wantEnd
				continue
			}
			if i, reason = d.key(i); reason != "" {
				return i, reason
			}
			next = wantValue
		case wantFirstElement, wantValue:
			if c == ']' && next == wantFirstElement {
				i, next = d.pop(i), wantEnd
				continue
			}
			if i, next, reason = d.value(i); reason != "" {
				return i, reason
			}
		case wantEnd:
			if len(d.frames) == 0 {
				return i, "more data after the JSON value"
			}
			object := d.frames[len(d.frames)-1].object
			switch {
			case c == ',' && object:
				i, next = i+1, wantKey
			case c == ',':
				i, next = i+1, wantValue
			case c == '}' && object, c == ']' && !object:
				i = d.pop(i)
			case object:
				return i, "expected a comma or the end of the object"
			default:
				return i, "expected a comma or the end of the array"
			}
		}
	}
	if next != wantEnd || len(d.frames) > 0 {
		return i, "the JSON text ends too early"
	}
	return i, ""
}

func (d *document) skip(i int) int {
	for i < len(d.data) && d.data[i] <= ' ' {
		switch d.data[i] {
		case ' ', '\t', '\n', '\r':
			d.blanks = true
			i++
		default:
			return i
		}
	}
	return i
}

// value reads a scalar, or the opening bracket of a container.
func (d *document) value(i int) (int, state, string) {
	var (
		c      = d.data[i]
		k      kind
		end    int
		reason string
	)
	switch {
	case c == '"':
		k = kindString
		end, _, reason = d.str(i)
	case c == '{':
		return d.push(i, kindObject)
	case c == '[':
		return d.push(i, kindArray)
	case c == '-' || c >= '0' && c <= '9':
		k = kindNumber
		end, reason = scanNumber(d.data, i)
	case c == 't':
		k = kindTrue
		end, reason = scanWord(d.data, i, "true")
	case c == 'f':
		k = kindFalse
		end, reason = scanWord(d.data, i, "false")
	case c == 'n':
		k = kindNull
		end, reason = scanWord(d.data, i, "null")
	default:
		end, reason = i, "expected a JSON value"
	}
	if reason != "" {
		return end, wantEnd, reason
	}
	if len(d.frames) == 1 && len(d.values) >= maxMembers {
		return i, wantEnd, reasonMembers
	}
	d.begin(i, k)
	d.end(end)
	return end, wantEnd, ""
}

// begin notes the start of a value if it is outermost or one level below.
func (d *document) begin(i int, k kind) {
	switch len(d.frames) {
	case 0:
		d.kind, d.text = k, d.data[i:]
	case 1:
		d.values = append(d.values, extent{int32(i), 0, k})
	}
}

// end notes that the value begun last on this level ends before i.
func (d *document) end(i int) {
	switch len(d.frames) {
	case 0:
		d.text = d.text[:i-(len(d.data)-len(d.text))]
	case 1:
		d.values[len(d.values)-1].end = int32(i)
	}
}

func (d *document) push(i int, k kind) (int, state, string) {
	if len(d.frames) >= d.depth {
		return i, wantEnd, "the JSON is nested too deeply"
	}
	if len(d.frames) == 1 && len(d.values) >= maxMembers {
		return i, wantEnd, reasonMembers
	}
	d.begin(i, k)
	d.frames = append(d.frames, frame{object: k == kindObject, base: len(d.keys)})
	if k == kindObject {
		return i + 1, wantFirstKey, ""
	}
	return i + 1, wantFirstElement, ""
}

func (d *document) pop(i int) int {
	f := &d.frames[len(d.frames)-1]
	if len(d.frames) == 1 {
		d.names = len(d.keys)
	} else {
		d.keys = d.keys[:f.base]
	}
	f.seen = nil
	d.frames = d.frames[:len(d.frames)-1]
	d.end(i + 1)
	return i + 1
}

// key reads a key and its colon, and finds out whether the object has it already.
func (d *document) key(i int) (int, string) {
	if d.data[i] != '"' {
		return i, "expected a key in quotes"
	}
	end, escaped, reason := d.str(i)
	if reason != "" {
		return end, reason
	}
	name := span{int32(i + 1), int32(end - 1), false}
	if escaped {
		at := len(d.decoded)
		d.decoded = unescape(d.decoded, d.data[i+1:end-1])
		name = span{int32(at), int32(len(d.decoded)), true}
	}
	if len(d.keys) >= maxMembers {
		return i, reasonMembers
	}
	f := &d.frames[len(d.frames)-1]
	if d.known(f, name) && len(d.duplicates) < maxDuplicates {
		d.duplicates = append(d.duplicates, duplicate{bytes.Clone(d.name(name)), i})
	}
	d.keys = append(d.keys, name)
	i = d.skip(end)
	if i == len(d.data) || d.data[i] != ':' {
		return i, "expected a colon after the key"
	}
	return i + 1, ""
}

func (d *document) name(s span) []byte {
	if s.decoded {
		return d.decoded[s.start:s.end]
	}
	return d.data[s.start:s.end]
}

// known reports whether name is among the keys of f. Few keys are compared one
// by one; many go into a map, or a hostile object would cost quadratic time.
func (d *document) known(f *frame, name span) bool {
	keys, size, text := d.keys[f.base:], name.end-name.start, d.name(name)
	if len(keys) < manyKeys {
		bit := uint64(1)
		if size > 0 {
			bit <<= (uint(text[0])*7 + uint(text[size-1])*3 + uint(size)*5) % 64
		}
		if f.digest&bit == 0 {
			f.digest |= bit
			return false
		}
		for _, k := range keys {
			if k.end-k.start == size && bytes.Equal(d.name(k), text) {
				return true
			}
		}
		return false
	}
	if f.seen == nil {
		f.seen = make(map[string]bool, 4*manyKeys)
		for _, k := range keys {
			f.seen[string(d.name(k))] = true
		}
	}
	if f.seen[string(text)] {
		return true
	}
	f.seen[string(text)] = true
	return false
}
