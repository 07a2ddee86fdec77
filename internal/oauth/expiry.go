package oauth

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxLifetime is the most that is believed of an expires_in (T01).
const maxLifetime = 10 * 365 * 24 * time.Hour

type lifetimeState int

const (
	lifetimeMissing lifetimeState = iota // absent or null
	lifetimeStated
	lifetimeGarbage
)

// lifetime is a number of seconds as some server wrote it.
type lifetime struct {
	state   lifetimeState
	length  time.Duration // zero or negative means "expired now"
	clamped bool
}

// parseLifetime reads expires_in in every shape that was seen: an integer, a
// float (cut to whole seconds) and either of them in a string (T01).
func parseLifetime(raw json.RawMessage) lifetime {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return lifetime{}
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return lifetime{state: lifetimeGarbage}
		}
		text = strings.TrimSpace(text)
	}
	// Only what JSON calls a number: ParseFloat alone would take "inf", "nan",
	// "0x1p4" and "1_000".
	if text == "" || !strings.ContainsRune("-0123456789", rune(text[0])) || !json.Valid([]byte(text)) {
		return lifetime{state: lifetimeGarbage}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(seconds, 0) {
		return lifetime{state: lifetimeGarbage}
	}
	switch {
	case seconds <= 0:
		return lifetime{state: lifetimeStated}
	case seconds > maxLifetime.Seconds():
		return lifetime{state: lifetimeStated, length: maxLifetime, clamped: true}
	}
	return lifetime{state: lifetimeStated, length: time.Duration(math.Floor(seconds)) * time.Second}
}

// expiry turns a lifetime that began at time at into a time. Only a provider
// whose tokens are known not to expire may leave it out to mean that.
func expiry(l lifetime, at time.Time, unlimited bool) (Expiry, time.Time) {
	switch {
	case l.state == lifetimeStated:
		return ExpiryKnown, at.Add(l.length)
	case l.state == lifetimeMissing && unlimited:
		return ExpiryNever, time.Time{}
	}
	return ExpiryUnknown, time.Time{}
}
