package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/socialauth/socialauth/internal/plain"
)

// object is a JSON object whose names are compared byte for byte. Package json
// would match them in any case when it fills a struct, and let the second of
// two equal names win.
type object map[string]json.RawMessage

// maxDepth is more nesting than any provider's answer has.
const maxDepth = 64

// parseObject reads exactly one JSON object in valid UTF-8, with no name twice
// at any depth. Its errors are fixed text.
func parseObject(body []byte) (object, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		return nil, errors.New("the answer is not valid UTF-8")
	}
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(body, &o); err != nil || o == nil {
		return nil, errors.New("the answer is not a JSON object")
	}
	return o, nil
}

// checkJSON walks the tokens of one JSON text.
func checkJSON(body []byte) error {
	type level struct {
		names map[string]bool // nil in an array
		name  bool            // a name comes next
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for first := true; ; first = false {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && !first && len(stack) == 0 {
			return nil
		}
		if err != nil {
			return errors.New("the answer is not valid JSON")
		}
		if !first && len(stack) == 0 {
			return errors.New("something follows the JSON of the answer")
		}
		top := len(stack) - 1
		switch v := tok.(type) {
		case json.Delim:
			if v == '}' || v == ']' {
				stack = stack[:top]
				top--
			} else {
				if top >= maxDepth {
					return errors.New("the answer is nested too deeply")
				}
				l := level{}
				if v == '{' {
					l = level{names: map[string]bool{}, name: true}
				}
				stack = append(stack, l)
				continue
			}
		case string:
			if top >= 0 && stack[top].name {
				if stack[top].names[v] {
					return fmt.Errorf("the answer has %q twice", plain.Cut(v, 60))
				}
				stack[top].names[v] = true
				stack[top].name = false
				continue
			}
		}
		if top >= 0 && stack[top].names != nil {
			stack[top].name = true
		}
	}
}

// formObject reads a form-encoded answer into the same shape; every value is a
// JSON string then.
func formObject(body []byte) (object, error) {
	q, err := parseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, errors.New("the form-encoded answer is malformed")
	}
	o := object{}
	for name, value := range q {
		o[name], _ = json.Marshal(value)
	}
	return o, nil
}

// text returns the string called name. There is none if it is absent, null or
// of another type.
func (o object) text(name string) string {
	s, _ := asString(o[name])
	return s
}

// asString returns a JSON string's value; ok is false for any other type.
func asString(raw json.RawMessage) (s string, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// scalar returns a string's value or a number's digits exactly as they were
// sent, so that an identifier above 2^53 stays itself (T27).
func scalar(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		return string(raw)
	}
	s, _ := asString(raw)
	return s
}

// object returns the object called name, or nil.
func (o object) object(name string) object {
	raw := bytes.TrimSpace(o[name])
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	var out object
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// at follows a dotted path, "kakao_account.email".
func (o object) at(path string) json.RawMessage {
	head, rest, more := strings.Cut(path, ".")
	if !more {
		return o[head]
	}
	if in := o.object(head); in != nil {
		return in.at(rest)
	}
	return nil
}

// isTrue reports the JSON value true, and not the string "true".
func isTrue(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "true" }

// present reports a member that is there and not null.
func (o object) present(name string) bool {
	raw := bytes.TrimSpace(o[name])
	return len(raw) > 0 && string(raw) != "null"
}
