package jose

import (
	"encoding/json"
	"time"
)

// Time is a date among the claims.
type Time struct {
	Name  string
	Value json.Number // the literal text
	// At is the date in UTC, or the zero time if the number is outside the years
	// 1970 to 9999 (row W32) or looks like milliseconds.
	At time.Time
	// IfMilliseconds is the date it would be if the number meant milliseconds,
	// set if it looks like that.
	IfMilliseconds time.Time
}

// date collects one date claim. updated_at is text with some providers, which is
// their business.
func (e *Explanation) date(name string, m member) {
	if m.kind != kindNumber {
		if name != "updated_at" {
			e.warn(WarnDate, name, excerpt(m.value))
		}
		return
	}
	t := Time{Name: name, Value: json.Number(m.value)}
	d := parseDate(m.value)
	switch {
	case d.milliseconds():
		t.IfMilliseconds = time.UnixMilli(d.seconds).UTC()
		e.warn(WarnMilliseconds, name, excerpt(m.value))
	case d.inRange():
		t.At = d.time()
	default:
		e.warn(WarnDate, name, excerpt(m.value))
	}
	e.Times = append(e.Times, t)
}

// FromNow returns how far the date is from the Now of the options: positive in
// the future. ok is false if there is no date or no Now.
func (e *Explanation) FromNow(t Time) (d time.Duration, ok bool) {
	if e.options.Now == nil || t.At.IsZero() {
		return 0, false
	}
	// Not At.Sub: a Duration ends at 292 years.
	seconds := t.At.Unix() - e.options.Now().Unix()
	const limit = int64(1<<63-1) / int64(time.Second)
	return time.Duration(min(max(seconds, -limit), limit)) * time.Second, true
}
