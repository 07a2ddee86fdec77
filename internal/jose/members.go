package jose

import "encoding/json"

// Member is one member of a JSON object, in the object's order.
type Member struct {
	Name  string          // decoded; may hold anything
	Value json.RawMessage // the exact text
}

// Members takes the outermost object of text apart without changing anything in
// it: numbers keep their text and keys that occur twice are both there. What is
// not an object, or not JSON, has no members.
func Members(text json.RawMessage) []Member {
	var d document
	if err := d.parse(text, depthTolerant); err != nil || d.kind != kindObject {
		return nil
	}
	list := make([]Member, d.len())
	for i := range list {
		m := d.at(i)
		list[i] = Member{string(m.name), m.value}
	}
	return list
}

// Safe returns text as valid JSON on one line that cannot steer a terminal: what
// is not UTF-8 and what a terminal acts on stands as an escape. What is not JSON
// becomes a JSON string.
func Safe(text json.RawMessage) []byte {
	var d document
	if d.parse(text, depthTolerant) != nil {
		return appendString(nil, string(text))
	}
	return appendJSON(nil, text)
}
