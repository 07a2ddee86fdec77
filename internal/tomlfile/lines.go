package tomlfile

import "strconv"

const (
	// maxDepth is how deep tables and lists may nest, and how many parts a key
	// may have: far more than any provider needs, and few enough that no file
	// makes the parser run out of stack or time.
	maxDepth = 16
)

// scanLines finds the line of every key of a TOML file, counted from 1, by
// dotted key as [JoinKey] writes it. The parser of the library knows the line
// of a syntax error only. What is not valid TOML gives some answer and never a
// failure: the parser will refuse it. The second result is the line where
// something nests deeper than maxDepth, or 0.
func scanLines(data []byte) (map[string]int, int) {
	s := &lineScanner{data: data, line: 1, lines: map[string]int{}}
	s.file()
	return s.lines, s.tooDeep
}

type lineScanner struct {
	data    []byte
	pos     int
	line    int
	lines   map[string]int
	tooDeep int
}

// peek is the next byte, or 0 at the end or after something nested too deeply.
func (s *lineScanner) peek() byte {
	if s.pos >= len(s.data) || s.tooDeep > 0 {
		return 0
	}
	return s.data[s.pos]
}

func (s *lineScanner) done() bool { return s.pos >= len(s.data) || s.tooDeep > 0 }

// next takes one byte and counts lines.
func (s *lineScanner) next() byte {
	c := s.data[s.pos]
	s.pos++
	if c == '\n' {
		s.line++
	}
	return c
}

// file reads headers and assignments, one to a line.
func (s *lineScanner) file() {
	var table []string
	for {
		s.blank(true)
		switch {
		case s.done():
			return
		case s.peek() == '[':
			for s.peek() == '[' {
				s.next()
			}
			table = s.key()
			s.record(table)
			s.rest()
		default:
			s.assignment(table, 0)
			s.rest()
		}
	}
}

// assignment reads key = value.
func (s *lineScanner) assignment(table []string, depth int) {
	path := append(append([]string{}, table...), s.key()...)
	s.record(path)
	s.blank(false)
	if s.peek() != '=' {
		return
	}
	s.next()
	s.blank(false)
	s.value(path, depth)
}

// record notes the line of a key and of the tables it opens on the way; the
// first line counts.
func (s *lineScanner) record(path []string) {
	if len(path) > maxDepth {
		s.tooDeep = s.line
		return
	}
	for i := range path {
		if key := JoinKey(path[:i+1]); s.lines[key] == 0 {
			s.lines[key] = s.line
		}
	}
}

// key reads a dotted key.
func (s *lineScanner) key() []string {
	var path []string
	for {
		s.blank(false)
		switch s.peek() {
		case '"', '\'':
			path = append(path, s.str())
		default:
			start := s.pos
			for !s.done() && isKeyByte(s.peek()) {
				s.next()
			}
			path = append(path, string(s.data[start:s.pos]))
		}
		s.blank(false)
		if s.peek() != '.' || len(path) > maxDepth {
			return path
		}
		s.next()
	}
}

func isKeyByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c >= 0x80 }

// value skips one value; the keys of an inline table are recorded.
func (s *lineScanner) value(path []string, depth int) {
	if depth > maxDepth {
		s.tooDeep = s.line
		return
	}
	switch c := s.peek(); c {
	case '"', '\'':
		s.str()
	case '[', '{':
		s.next()
		for {
			s.blank(true)
			if s.done() {
				return
			}
			before := s.pos
			switch s.peek() {
			case ']', '}':
				s.next()
				return
			case ',':
				s.next()
				continue
			}
			if c == '{' {
				s.assignment(path, depth+1)
			} else {
				s.value(path, depth+1)
			}
			if s.pos == before { // not TOML: go on rather than stand still
				s.next()
			}
		}
	default:
		for !s.done() && !endsBare(s.peek()) {
			s.next()
		}
	}
}

func endsBare(c byte) bool {
	switch c {
	case ',', ']', '}', '#', '\n':
		return true
	}
	return false
}

// str skips a string of any of the four kinds and returns its text, with the
// escapes of a basic string undone where that is possible.
func (s *lineScanner) str() string {
	quote := s.next()
	if s.pos+1 < len(s.data) && s.data[s.pos] == quote && s.data[s.pos+1] == quote {
		s.pos += 2
		return s.longStr(quote)
	}
	start := s.pos
	for !s.done() && s.peek() != quote && s.peek() != '\n' {
		if s.next() == '\\' && quote == '"' && !s.done() && s.peek() != '\n' {
			s.next()
		}
	}
	text := string(s.data[start:s.pos])
	if s.peek() == quote {
		s.next()
	}
	if quote == '"' {
		if plain, err := strconv.Unquote(`"` + text + `"`); err == nil {
			return plain
		}
	}
	return text
}

// longStr skips a string in triple quotes; up to two more quotes may belong to
// its text.
func (s *lineScanner) longStr(quote byte) string {
	start, run := s.pos, 0
	for !s.done() {
		c := s.next()
		switch {
		case c == quote:
			run++
		case run >= 3:
			s.pos-- // c is already past the string
			if c == '\n' {
				s.line--
			}
			return string(s.data[start:s.pos])
		case c == '\\' && quote == '"' && !s.done():
			s.next()
			run = 0
		default:
			run = 0
		}
	}
	return string(s.data[start:s.pos])
}

// blank skips spaces and, if lines is true, line ends and comments.
func (s *lineScanner) blank(lines bool) {
	for !s.done() {
		switch c := s.peek(); {
		case c == ' ' || c == '\t':
			s.next()
		case lines && (c == '\n' || c == '\r'):
			s.next()
		case lines && c == '#':
			s.rest()
		default:
			return
		}
	}
}

// rest skips to the next line.
func (s *lineScanner) rest() {
	for !s.done() && s.next() != '\n' {
	}
}
