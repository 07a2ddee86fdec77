package jose

import (
	"context"
	"errors"
)

// lineStart is what the beginning of an output line depends on.
type lineStart struct {
	header *header
	key    *Key
}

// lineVerifier verifies one line after the other.
type lineVerifier struct {
	ctx      context.Context //nolint:containedctx // of one call of Lines
	verifier *Verifier
	scratch  scratch
	starts   map[lineStart]string // what stands in the output before the payload
}

func newLineVerifier(ctx context.Context, o LinesOptions, table *pairs) *lineVerifier {
	return &lineVerifier{
		ctx: ctx, verifier: o.Verifier, starts: make(map[lineStart]string),
		scratch: scratch{claims: newDocument(), table: table, memos: make(map[string]*memo)},
	}
}

func (l *lineVerifier) line(dst []byte, c *chunk, number int64, line []byte) []byte {
	v := l.verifier
	if number == c.line+1 { // one look at the clock for each chunk, which takes a millisecond
		l.scratch.now = v.Now()
	}
	t, err := v.check(l.ctx, &l.scratch, line, v.checkType, nil)
	if err != nil {
		c.result.Failed++
		return l.refused(dst, c, number, err)
	}
	c.result.Tokens++
	dst = appendLine(dst, number, true)
	dst = append(dst, l.start(t)...)
	if d := l.scratch.claims; d.plain && !d.blanks {
		dst = append(dst, t.payload...)
	} else {
		dst = appendJSON(dst, t.payload)
	}
	return append(dst, "}\n"...)
}

// start returns the members before the payload.
func (l *lineVerifier) start(t signed) string {
	at := lineStart{t.header, t.key}
	if s, ok := l.starts[at]; ok {
		return s
	}
	text := append([]byte(nil), `,"verified":true,"alg":`...)
	text = appendString(text, t.header.alg)
	text = append(text, `,"kid":`...)
	text = appendString(text, t.key.kid)
	text = append(text, `,"header":`...)
	text = appendJSON(text, t.header.text)
	text = append(text, `,"payload":`...)
	if len(l.starts) >= maxHeads {
		clear(l.starts)
	}
	l.starts[at] = string(text)
	return l.starts[at]
}

func (l *lineVerifier) refused(dst []byte, c *chunk, number int64, err error) []byte {
	var refused *VerifyError
	if !errors.As(err, &refused) {
		if c.result.KeysErr == nil {
			c.result.KeysErr = err
		}
		return appendLineError(dst, number, CodeNoKey, err.Error())
	}
	dst = appendLine(dst, number, false)
	dst = append(dst, `,"verified":false,"code":`...)
	dst = appendString(dst, string(refused.Reasons[0].Code))
	dst = append(dst, `,"reasons":[`...)
	for i, r := range refused.Reasons {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"code":`...)
		dst = appendString(dst, string(r.Code))
		if r.Claim != "" {
			dst = append(dst, `,"claim":`...)
			dst = appendString(dst, r.Claim)
		}
		if r.Detail != "" {
			dst = append(dst, `,"detail":`...)
			dst = appendString(dst, r.Detail)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}\n"...)
}
