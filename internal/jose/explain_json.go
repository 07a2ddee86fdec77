package jose

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the explanation as one JSON object on one line. It always
// has type, verified (false), warnings and times; header and payload if there are
// any, with their numbers, order and keys untouched. A payload that is text is
// payload_text, one that is bytes is payload_base64url. Dates are objects with
// value (the literal), utc (RFC 3339), local and seconds_from_now if the options
// ask for them, and if_milliseconds. The output is valid UTF-8 and has no control
// character, whatever the token holds. Signatures and opaque tokens are not in
// it.
func (e *Explanation) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, e.Type)
	if e.Header != nil {
		dst = append(dst, `,"header":`...)
		dst = appendJSON(dst, e.Header)
	}
	dst = e.appendPayload(dst)
	dst = append(dst, `,"verified":false,"warnings":[`...)
	for i, w := range e.Warnings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"code":`...)
		dst = appendString(dst, w.Code)
		dst = append(dst, `,"where":`...)
		dst = appendString(dst, w.Where)
		if w.Detail != "" {
			dst = append(dst, `,"detail":`...)
			dst = appendString(dst, w.Detail)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `],"times":{`...)
	dst = e.appendTimes(dst)
	dst = append(dst, '}')
	dst = appendList(dst, "stripped", e.Stripped)
	dst = appendList(dst, "others", e.Others)
	dst = e.appendParts(dst)
	dst = e.appendSignatures(dst)
	dst = e.appendDisclosures(dst)
	if e.Opaque != nil {
		dst = append(dst, `,"opaque":{"provider":`...)
		dst = appendString(dst, e.Opaque.Provider)
		dst = append(dst, `,"kind":`...)
		dst = appendString(dst, e.Opaque.Kind)
		dst = append(dst, '}')
	}
	if e.Nested != nil {
		dst = append(dst, `,"nested":`...)
		dst = e.Nested.AppendJSON(dst)
	}
	return append(dst, '}')
}

// MarshalJSON returns what [Explanation.AppendJSON] appends.
func (e *Explanation) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

func (e *Explanation) appendPayload(dst []byte) []byte {
	switch {
	case e.Payload != nil:
		dst = append(dst, `,"payload":`...)
		return appendJSON(dst, e.Payload)
	case len(e.Bytes) == 0:
		return dst
	case utf8.Valid(e.Bytes):
		dst = append(dst, `,"payload_text":`...)
		return appendString(dst, string(e.Bytes))
	}
	dst = append(dst, `,"payload_base64url":`...)
	return appendString(dst, encode(e.Bytes))
}

func (e *Explanation) appendTimes(dst []byte) []byte {
	seen := make(map[string]bool, len(e.Times))
	for _, t := range e.Times {
		if seen[t.Name] { // a key twice; there is a warning
			continue
		}
		if len(seen) > 0 {
			dst = append(dst, ',')
		}
		seen[t.Name] = true
		dst = fmt.Appendf(dst, `"%s":{"value":%s`, t.Name, t.Value)
		if !t.At.IsZero() {
			dst = fmt.Appendf(dst, `,"utc":"%s"`, t.At.Format(time.RFC3339))
			if e.options.Location != nil {
				dst = fmt.Appendf(dst, `,"local":"%s"`, t.At.In(e.options.Location).Format(time.RFC3339))
			}
		}
		if d, ok := e.FromNow(t); ok {
			dst = append(dst, `,"seconds_from_now":`...)
			dst = strconv.AppendInt(dst, int64(d/time.Second), 10)
		}
		if !t.IfMilliseconds.IsZero() {
			dst = fmt.Appendf(dst, `,"if_milliseconds":"%s"`, t.IfMilliseconds.Format(time.RFC3339))
		}
		dst = append(dst, '}')
	}
	return dst
}

func appendList(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = fmt.Appendf(dst, `,"%s":[`, name)
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

func (e *Explanation) appendParts(dst []byte) []byte {
	if len(e.Parts) == 0 {
		return dst
	}
	dst = append(dst, `,"parts":[`...)
	for i, p := range e.Parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"name":"%s","characters":%d`, p.Name, p.Encoded)
		if p.Decoded >= 0 {
			dst = fmt.Appendf(dst, `,"bytes":%d`, p.Decoded)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (e *Explanation) appendSignatures(dst []byte) []byte {
	if len(e.Signatures) == 0 {
		return dst
	}
	dst = append(dst, `,"signatures":[`...)
	for i, s := range e.Signatures {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"bytes":%d`, s.Bytes)
		if s.Protected != nil {
			dst = append(dst, `,"protected":`...)
			dst = appendJSON(dst, s.Protected)
		}
		if s.Unprotected != nil {
			dst = append(dst, `,"header":`...)
			dst = appendJSON(dst, s.Unprotected)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (e *Explanation) appendDisclosures(dst []byte) []byte {
	if len(e.Disclosures) == 0 {
		return dst
	}
	dst = append(dst, `,"disclosures":[`...)
	for i, d := range e.Disclosures {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"matched":%t`, d.Matched)
		if d.Name != "" {
			dst = append(dst, `,"name":`...)
			dst = appendString(dst, d.Name)
		}
		if d.Value != nil {
			dst = append(dst, `,"value":`...)
			dst = appendJSON(dst, d.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
