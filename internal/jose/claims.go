package jose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Claims builds a JSON object whose members stay in the order they were set.
// The zero value is an empty object. It serves for payloads and for extra header
// parameters.
type Claims struct {
	names []string
	text  []byte // without braces
}

// Set adds a member. Values are a string, bool, int, int64, []string, time.Time
// (a NumericDate in whole seconds), json.Number or json.RawMessage; the last two
// must be one valid JSON number or value, without keys twice. There are no
// floats: a number that is not an integer is given as its text. A name that is
// already there, text that is not UTF-8, and other types are an error, and the
// claims stay as they were.
func (c *Claims) Set(name string, value any) error {
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("claim %+q: the name is empty or not UTF-8", name)
	}
	if c.Has(name) {
		return fmt.Errorf("claim %+q: it is already set", name)
	}
	text, err := appendValue(nil, value)
	if err != nil {
		return fmt.Errorf("claim %+q: %w", name, err)
	}
	if len(c.names) > 0 {
		c.text = append(c.text, ',')
	}
	c.names = append(c.names, name)
	c.text = appendString(c.text, name)
	c.text = append(c.text, ':')
	c.text = append(c.text, text...)
	return nil
}

// Has reports whether the member is set. The name is compared exactly.
func (c Claims) Has(name string) bool { return slices.Contains(c.names, name) }

// Names returns the members in order.
func (c Claims) Names() []string { return slices.Clone(c.names) }

// Bytes returns the object as it is to be signed.
func (c Claims) Bytes() []byte {
	out := make([]byte, 0, len(c.text)+2)
	out = append(out, '{')
	out = append(out, c.text...)
	return append(out, '}')
}

// MarshalJSON returns the same object. encoding/json may still escape characters
// in it for HTML; what is signed comes from [Claims.Bytes].
func (c Claims) MarshalJSON() ([]byte, error) { return c.Bytes(), nil }

func appendValue(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("%w: the text is not UTF-8", ErrConfig)
		}
		return appendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case time.Time:
		return strconv.AppendInt(dst, v.Unix(), 10), nil
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendValue(dst, s); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case json.Number:
		return appendRaw(dst, []byte(v), kindNumber)
	case json.RawMessage:
		return appendRaw(dst, v, kindNone)
	}
	return nil, fmt.Errorf("%w: a value of the type %T", ErrConfig, value)
}

// appendRaw appends a JSON text after checking that it is exactly one value.
func appendRaw(dst, text []byte, want kind) ([]byte, error) {
	var d document
	if err := d.parse(text, depthStrict); err != nil {
		return nil, err
	}
	if err := d.clean(); err != nil {
		return nil, &SyntaxError{JSON: true, Reason: err.Error()}
	}
	if want != kindNone && d.kind != want {
		return nil, &SyntaxError{JSON: true, Reason: fmt.Sprintf("it is %s, not %s", d.kind, want)}
	}
	return append(dst, d.text...), nil
}
