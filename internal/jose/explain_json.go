package jose

import (
	"slices"
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
	return append(e.appendMembers(append(dst, '{')), '}')
}

// appendStart appends the members that stand before the payload.
func (e *Explanation) appendStart(dst []byte) []byte {
	dst = append(dst, `"type":`...)
	dst = appendString(dst, e.Type)
	if e.Header != nil {
		dst = append(dst, `,"header":`...)
		dst = appendJSON(dst, e.Header)
	}
	return dst
}

// appendWarnings appends what stands between the payload and the dates.
func (e *Explanation) appendWarnings(dst []byte) []byte {
	if e.Decrypted {
		dst = append(dst, `,"decrypted":true`...)
	}
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
	return append(dst, ']')
}

// appendMembers appends the object without its braces.
func (e *Explanation) appendMembers(dst []byte) []byte {
	dst = e.appendStart(dst)
	dst = e.appendPayload(dst)
	dst = e.appendWarnings(dst)
	dst = append(dst, `,"times":{`...)
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
	return dst
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
	for i, t := range e.Times {
		if slices.ContainsFunc(e.Times[:i], func(earlier Time) bool { return earlier.Name == t.Name }) {
			continue // a key twice; there is a warning
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, t.Name)
		dst = append(dst, `:{"value":`...)
		dst = append(dst, t.Value...)
		if !t.At.IsZero() {
			dst = appendTime(dst, "utc", t.At)
			if e.options.Location != nil {
				dst = appendTime(dst, "local", t.At.In(e.options.Location))
			}
		}
		if d, ok := e.FromNow(t); ok {
			dst = appendInt(dst, "seconds_from_now", int(d/time.Second))
		}
		if !t.IfMilliseconds.IsZero() {
			dst = appendTime(dst, "if_milliseconds", t.IfMilliseconds)
		}
		dst = append(dst, '}')
	}
	return dst
}

func appendTime(dst []byte, name string, t time.Time) []byte {
	dst = appendName(dst, name)
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}

func appendInt(dst []byte, name string, n int) []byte {
	return strconv.AppendInt(appendName(dst, name), int64(n), 10)
}

// appendName appends a comma and a key of ours.
func appendName(dst []byte, name string) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	return append(dst, `":`...)
}

func appendList(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

func (e *Explanation) appendParts(dst []byte) []byte {
	if len(e.Parts) == 0 || e.options.brief && e.Type != TypeJWE && e.Type != TypeJWEJSON {
		return dst
	}
	dst = append(dst, `,"parts":[`...)
	for i, p := range e.Parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":`...)
		dst = appendString(dst, p.Name)
		dst = appendInt(dst, "characters", p.Encoded)
		if p.Decoded >= 0 {
			dst = appendInt(dst, "bytes", p.Decoded)
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
		dst = append(dst, `{"bytes":`...)
		dst = strconv.AppendInt(dst, int64(s.Bytes), 10)
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
		dst = append(dst, `{"matched":`...)
		dst = strconv.AppendBool(dst, d.Matched)
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
