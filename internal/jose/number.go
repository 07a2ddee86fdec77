package jose

import (
	"strconv"
	"time"
)

const (
	minDate = 1            // 1970-01-01T00:00:01Z
	maxDate = 253402300799 // 9999-12-31T23:59:59Z
	msDate  = 100000000000 // from here on a date is more likely in milliseconds
)

// date is a NumericDate (RFC 7519 section 2) read from its literal text.
type date struct {
	seconds int64 // rounded down
	nanos   int64
	big     int // -1, +1: beyond what seconds can hold; seconds is then the nearest bound
}

func (d date) time() time.Time { return time.Unix(d.seconds, d.nanos).UTC() }

// inRange reports whether the date is one a claim may have (row W04).
func (d date) inRange() bool { return d.big == 0 && d.seconds >= minDate && d.seconds <= maxDate }

// milliseconds reports whether the number is a plausible date if it is read as
// milliseconds.
func (d date) milliseconds() bool {
	return d.big == 0 && d.seconds >= msDate && d.seconds/1000 <= maxDate
}

// parseDate reads the text of a checked JSON number without float64: 1.9e9,
// 1900000000.5 and 19000000000e-1 are all exact, 1e400 is merely big.
func parseDate(raw []byte) date {
	negative := raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	digits := make([]byte, 0, 24)
	point, exponent := -1, 0
	for i, c := range raw {
		if c == '.' {
			point = len(digits)
			continue
		}
		if c == 'e' || c == 'E' {
			exponent = parseExponent(raw[i+1:])
			break
		}
		digits = append(digits, c)
	}
	if point < 0 {
		point = len(digits)
	}
	for len(digits) > 0 && digits[0] == '0' {
		digits, point = digits[1:], point-1
	}
	d := shiftDate(digits, point+exponent)
	if !negative || len(digits) == 0 {
		return d
	}
	d.seconds, d.big = -d.seconds, -d.big
	if d.nanos > 0 {
		d.seconds, d.nanos = d.seconds-1, 1e9-d.nanos
	}
	return d
}

// parseExponent returns the exponent, cut to a size that cannot overflow.
func parseExponent(text []byte) int {
	n, err := strconv.Atoi(string(text))
	if err == nil && n > -1e9 && n < 1e9 {
		return n
	}
	if text[0] == '-' {
		return -1e9
	}
	return 1e9
}

// shiftDate reads 0.digits times ten to the power of point.
func shiftDate(digits []byte, point int) date {
	if len(digits) == 0 {
		return date{}
	}
	if point > 18 {
		return date{seconds: 1<<63 - 1, big: 1}
	}
	var d date
	unit := int64(1e9)
	for i := range max(point, 0) {
		d.seconds *= 10
		if i < len(digits) {
			d.seconds += int64(digits[i] - '0')
		}
	}
	for i := point; unit > 1; i++ {
		unit /= 10
		if i >= len(digits) {
			break
		}
		if i >= 0 {
			d.nanos += int64(digits[i]-'0') * unit
		}
	}
	return d
}
