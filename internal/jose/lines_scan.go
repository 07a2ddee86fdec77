package jose

import (
	"bytes"
	"strconv"
)

// lineScanner finds tokens in any text. A token begins with eyJ, which is {" in
// base64url, at a place where no token character stands before it, and goes on as
// long as characters do that tokens have. What then cannot be decoded was no token
// and is no error.
type lineScanner struct {
	decoder *lineDecoder
	table   *pairs
}

func (l *lineScanner) line(dst []byte, c *chunk, number int64, line []byte) []byte {
	for at := 0; ; {
		start, end := l.next(line, at)
		if start < 0 {
			return dst
		}
		at = end
		mark := len(dst)
		dst = append(appendLine(dst, number, true), `,"column":`...)
		dst = strconv.AppendInt(dst, c.column+int64(start)+1, 10)
		out, ok := l.token(append(dst, ','), line[start:end])
		if !ok {
			dst = dst[:mark]
			continue
		}
		c.result.Tokens++
		dst = append(out, '\n')
	}
}

func (l *lineScanner) token(dst, token []byte) (out []byte, ok bool) {
	if out, ok = l.decoder.short(dst, token); ok {
		return out, true
	}
	e := &Explanation{options: l.decoder.options}
	err := e.token(token, 1)
	if errorCode(err) == CodeDecrypt { // it is one, for somebody else
		e = &Explanation{options: l.decoder.options}
		e.options.Key = nil
		err = e.token(token, 1)
	}
	if err != nil || e.Type == TypeOpaque {
		return dst, false
	}
	e.redact()
	return append(e.appendMembers(dst), '}'), true
}

// next returns where the next thing from offset at on lies that could be a
// compact token, or -1. It looks at each byte once or twice, whatever the text.
func (l *lineScanner) next(text []byte, at int) (start, end int) {
	for at < len(text) {
		i := bytes.Index(text[at:], []byte("eyJ"))
		if i < 0 {
			return -1, 0
		}
		start = at + i
		end = start + 3
		dots := 0
		for end < len(text) && scanByte(text[end]) {
			// Nearly all of it is letters and digits: two pairs at a time.
			for end+4 <= len(text) && (l.table.at(text[end], text[end+1])|l.table.at(text[end+2], text[end+3]))&badPair == 0 {
				end += 4
			}
			if end == len(text) || !scanByte(text[end]) {
				break
			}
			if text[end] == '.' {
				dots++
			}
			end++
		}
		at = end
		if start > 0 && tokenByte(text[start-1]) {
			// In the middle of a word. The next part may still be one:
			// the header of "xeyJ.eyJ.." is not at its beginning.
			continue
		}
		for end > start && text[end-1] == '.' && dots > 4 { // an ellipsis behind it
			end, dots = end-1, dots-1
		}
		if dots == 3 && text[end-1] == '.' { // the end of a sentence
			end, dots = end-1, 2
		}
		if dots == 2 || dots == 4 {
			return start, end
		}
	}
	return -1, 0
}

// scanByte knows the characters of compact tokens and of the disclosures behind
// them.
func scanByte(c byte) bool { return tokenByte(c) || c == '.' || c == '~' }
