package jose

import (
	"errors"
	"fmt"
	"iter"
)

// len returns the number of outermost members or elements.
func (d *document) len() int { return len(d.values) }

// at returns one of the outermost members or elements.
func (d *document) at(i int) member {
	v := d.values[i]
	m := member{value: d.data[v.start:v.end:v.end], kind: v.kind}
	if i < d.names {
		m.name = d.name(d.keys[i])
	}
	return m
}

// members yields the outermost members or elements in order.
func (d *document) members() iter.Seq[member] {
	return func(yield func(member) bool) {
		for i := range d.values {
			if !yield(d.at(i)) {
				return
			}
		}
	}
}

// get returns the outermost member of this exact name. Of two it returns the
// last, as most readers would; whoever decides something refuses duplicates.
func (d *document) get(name string) (member, bool) {
	for i := d.names - 1; i >= 0; i-- {
		if k := d.keys[i]; int(k.end-k.start) == len(name) && string(d.name(k)) == name {
			return d.at(i), true
		}
	}
	return member{}, false
}

// getString returns a string member's value; ok is false if it is absent or
// something else.
func (d *document) getString(name string) (value string, ok bool) {
	m, found := d.get(name)
	if !found || m.kind != kindString {
		return "", false
	}
	return m.str(), true
}

// unencoded reports whether a header says that the payload is not base64url
// (RFC 7797).
func (d *document) unencoded() bool {
	m, ok := d.get("b64")
	return ok && m.kind == kindFalse
}

// clean reports what a strict reader does not accept although it is JSON.
func (d *document) clean() error {
	switch {
	case len(d.duplicates) > 0:
		return fmt.Errorf("the key %+q is there twice", d.duplicates[0].name)
	case d.badUTF8 > 0:
		return fmt.Errorf("byte %d is not UTF-8", d.badUTF8)
	case d.surrogate:
		return errors.New("an escape sequence is half of a surrogate pair")
	}
	return nil
}
