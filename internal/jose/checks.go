package jose

import (
	"fmt"
	"slices"
	"time"
)

// tenYears is how far in the future exp may be. What is farther is a mistake in
// the unit more often than an intention (row W04).
const tenYears = 3653 * 24 * time.Hour

// checks collects every reason why the claims of a signed token are refused.
type checks struct {
	doc     *document
	now     time.Time
	leeway  time.Duration
	reasons []Reason
	places  [indexed]int // of the indexed names in doc, from 1; 0: absent
}

// indexed is how many claims every token is asked for, see indexPlace.
const indexed = 5

// index finds them in one pass.
func (c *checks) index() {
	d := c.doc
	for i, k := range d.keys[:d.names] {
		if k.end-k.start != 3 {
			continue
		}
		if at := indexPlace(string(d.name(k))); at >= 0 {
			c.places[at] = i + 1
		}
	}
}

// indexPlace returns where a name is noted, or -1.
func indexPlace(name string) int {
	switch name {
	case "iss":
		return 0
	case "aud":
		return 1
	case "exp":
		return 2
	case "nbf":
		return 3
	case "iat":
		return 4
	}
	return -1
}

// get is document.get; no name is there twice.
func (c *checks) get(name string) (member, bool) {
	at := indexPlace(name)
	switch {
	case at < 0:
		return c.doc.get(name)
	case c.places[at] == 0:
		return member{}, false
	}
	return c.doc.at(c.places[at] - 1), true
}

func (c *checks) add(code Code, claim, format string, args ...any) {
	c.reasons = append(c.reasons, Reason{code, claim, fmt.Sprintf(format, args...)})
}

func (c *checks) standard(v *Verifier) {
	for _, name := range v.Require {
		c.require(name)
	}
	if !v.SkipIssuer {
		c.issuer(v.Issuers)
	}
	if !v.SkipAudience {
		c.audience(v.Audiences)
	}
	if len(v.AuthorizedParties) > 0 {
		c.oneOf(CodeParty, "azp", v.AuthorizedParties)
	}
	for _, want := range v.Claims {
		c.expect(want)
	}
	c.times()
}

// expect compares one claim with the value it must have.
func (c *checks) expect(want ExpectedClaim) {
	m, ok := c.get(want.Name)
	if !ok {
		c.require(want.Name)
		return
	}
	if m.is(want.Value) {
		return
	}
	var list document
	if m.kind == kindArray && list.parse(m.value, depthStrict) == nil {
		for e := range list.members() {
			if e.is(want.Value) {
				return
			}
		}
	}
	have := excerpt(m.value)
	if m.kind == kindString {
		have = quote(m.str())
	}
	c.add(CodeClaim, want.Name, "%s is not the expected %+q", have, want.Value)
}

// is reports whether a member is a string with these characters, or a number,
// true or false with this text.
func (m member) is(value string) bool {
	switch m.kind {
	case kindString:
		return m.equal(value)
	case kindNumber, kindTrue, kindFalse:
		return string(m.value) == value
	}
	return false
}

func (c *checks) require(name string) {
	for _, r := range c.reasons {
		if r.Code == CodeMissing && r.Claim == name {
			return
		}
	}
	if _, ok := c.get(name); !ok && name != "exp" { // exp is always required
		c.add(CodeMissing, name, "the claim is missing")
	}
}

func (c *checks) issuer(allowed []string) { c.oneOf(CodeIssuer, "iss", allowed) }

// oneOf checks a string claim that must be there and be one of the allowed.
func (c *checks) oneOf(code Code, name string, allowed []string) {
	m, ok := c.get(name)
	switch {
	case !ok:
		c.require(name)
	case m.kind != kindString:
		c.add(CodeInvalid, name, "it is %s, not a string", m.kind)
	case !slices.ContainsFunc(allowed, m.equal):
		c.add(code, name, "%+q is not the expected %+q", m.str(), allowed)
	}
}

// audience returns the values of aud, nil if they are unusable.
func (c *checks) audience(allowed []string) {
	m, ok := c.get("aud")
	if !ok {
		c.require("aud")
		return
	}
	if m.kind == kindString && slices.ContainsFunc(allowed, m.equal) {
		return
	}
	list, ok := m.strings()
	if !ok {
		c.add(CodeInvalid, "aud", "it is %s, not a string or an array of strings", m.kind)
		return
	}
	for _, have := range list {
		if slices.Contains(allowed, have) {
			return
		}
	}
	c.add(CodeAudience, "aud", "%+q does not contain the expected %+q", list, allowed)
}

func (c *checks) times() {
	if c.plainTimes() {
		return
	}
	if exp, ok := c.date("exp"); ok {
		switch {
		case !c.now.Before(exp.time().Add(c.leeway)):
			c.add(CodeExpired, "exp", "expired at %s", exp.time().Format(time.RFC3339))
		case exp.time().After(c.now.Add(tenYears)):
			c.add(CodeInvalid, "exp", "%s is more than ten years away; it looks like milliseconds",
				exp.time().Format(time.RFC3339))
		}
	} else if _, found := c.get("exp"); !found {
		c.add(CodeMissing, "exp", "the claim is missing")
	}
	if nbf, ok := c.date("nbf"); ok && nbf.time().After(c.now.Add(c.leeway)) {
		c.add(CodeNotYet, "nbf", "not valid before %s", nbf.time().Format(time.RFC3339))
	}
	if iat, ok := c.date("iat"); ok && iat.time().After(c.now.Add(c.leeway)) {
		c.add(CodeIssuedLater, "iat", "issued at %s, which is in the future", iat.time().Format(time.RFC3339))
	}
}

// plainTimes reports whether the dates are what they nearly always are: plain
// integers, and good by more than a second without any tolerance.
func (c *checks) plainTimes() bool {
	now := c.now.Unix()
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		m, found := c.get(name)
		if !found && name != "exp" {
			continue
		}
		if !found || m.kind != kindNumber {
			return false
		}
		at, ok := smallDate(m.value)
		if !ok || name == "exp" && (at <= now+1 || at >= now+int64(tenYears/time.Second)) || name != "exp" && at > now {
			return false
		}
	}
	return true
}

// date returns a NumericDate claim; ok is false if it is absent or, which is
// noted, unusable.
func (c *checks) date(name string) (d date, ok bool) {
	m, found := c.get(name)
	if !found {
		return date{}, false
	}
	if m.kind != kindNumber {
		c.add(CodeInvalid, name, "%s is %s, not a number", excerpt(m.value), m.kind)
		return date{}, false
	}
	d = parseDate(m.value)
	switch {
	case d.inRange():
		return d, true
	case d.milliseconds():
		c.add(CodeInvalid, name, "%s looks like milliseconds", excerpt(m.value))
	default:
		c.add(CodeInvalid, name, "%s is not a date between 1970 and 9999", excerpt(m.value))
	}
	return date{}, false
}

// excerpt quotes a JSON text for a message, cut to a length one can read.
func excerpt(text []byte) string {
	if len(text) > 40 {
		return fmt.Sprintf("%+q...", text[:40])
	}
	return fmt.Sprintf("%+q", text)
}
