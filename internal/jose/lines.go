package jose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

const (
	// MaxLine is how long a line of [Lines] may be if the options do not say
	// otherwise: 1 MiB.
	MaxLine = 1 << 20

	chunkSize = 128 << 10 // what one worker takes at a time
)

// LinesOptions say what [Lines] does with each line. With none of them a line
// holds one token, in any of the forms that [Explain] takes.
type LinesOptions struct {
	// Scan finds every token in any text, such as a log: no, one or many in a line.
	Scan bool
	// Verifier checks the tokens. It excludes Scan, Redact and Key.
	Verifier *Verifier
	// Redact, if set, replaces what identifies a person.
	Redact *Redactor
	// Key, if set, opens encrypted tokens.
	Key *DecryptionKey
	// MaxLine is the longest line in bytes; 0 stands for [MaxLine]. With Scan it
	// is the longest token.
	MaxLine int
	// Workers is how many lines are worked on at once; 0 stands for every core.
	Workers int
}

// LinesResult counts what went through [Lines].
type LinesResult struct {
	Lines  int64 // of the input
	Tokens int64 // that were decoded, found or verified
	Failed int64 // lines that hold no token, are too long, or were refused
	// KeysErr is the first error of a [Verifier]'s key source. The lines it hit
	// are among the failed ones.
	KeysErr error
}

// Lines reads a stream of lines, ended by LF or CRLF, and writes one JSON object
// per line in the order of the lines. It works on all cores and in memory that
// does not depend on the length of the stream. What it has read is answered
// before it waits for more.
//
// Each object begins with line (from 1) and ok. If ok is true, type, header,
// payload, verified (false), warnings and times follow as in
// [Explanation.AppendJSON]; there are no signatures, and no sizes of parts but
// for encrypted tokens. If it is false there are code and error. A line that is
// broken or too long spoils no other.
//
// With Scan there is one object per token and none for a line without; column
// (from 1, in bytes) says where it begins. With a Verifier the objects have
// verified (true), alg, kid, header and payload, or verified (false) and reasons.
//
// The error is that of reading, of writing or of ctx. A line that failed is only
// counted.
func Lines(ctx context.Context, r io.Reader, w io.Writer, o LinesOptions) (LinesResult, error) {
	if o.Verifier != nil {
		if err := o.Verifier.checkConfig(); err != nil {
			return LinesResult{}, err
		}
		if o.Scan || o.Redact != nil || o.Key != nil {
			return LinesResult{}, fmt.Errorf("%w: to verify a stream excludes scan, redact and decrypt", ErrConfig)
		}
	}
	if o.MaxLine <= 0 {
		o.MaxLine = MaxLine
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return newStream(ctx, r, w, o).run()
}

// chunk is some whole lines and what becomes of them. Chunks go round and round.
type chunk struct {
	in      []byte
	out     []byte
	line    int64 // of the first line
	column  int64 // that the first line begins with, from 0: not 0 in the rest of a very long line
	tooLong bool  // the line was longer than it may be, and in is empty
	result  LinesResult
	done    chan struct{}
}

// stream is one run of Lines: the caller reads, workers work, one goroutine
// writes.
type stream struct {
	ctx     context.Context //nolint:containedctx // of one call
	in      io.Reader
	out     io.Writer
	options LinesOptions
	table   *pairs

	free  chan *chunk
	order chan *chunk // as read
	work  chan *chunk
	stop  atomic.Bool // writing has failed
	total LinesResult
	err   error // of writing
}

func newStream(ctx context.Context, r io.Reader, w io.Writer, o LinesOptions) *stream {
	count := 2*o.Workers + 2
	s := &stream{
		ctx: ctx, in: r, out: w, options: o, table: newPairs(),
		free: make(chan *chunk, count), order: make(chan *chunk, count), work: make(chan *chunk, count),
	}
	for range count {
		s.free <- &chunk{done: make(chan struct{}, 1)}
	}
	return s
}

func (s *stream) run() (LinesResult, error) {
	var workers, writer sync.WaitGroup
	for range s.options.Workers {
		workers.Go(func() {
			l := s.worker()
			for c := range s.work {
				s.handle(l, c)
				c.done <- struct{}{}
			}
		})
	}
	writer.Go(s.write)
	err := s.read()
	close(s.work)
	close(s.order)
	workers.Wait()
	writer.Wait()
	if s.err != nil {
		err = fmt.Errorf("write the result: %w", s.err)
	}
	return s.total, err
}

func (s *stream) write() {
	for c := range s.order {
		<-c.done
		s.total.Tokens += c.result.Tokens
		s.total.Failed += c.result.Failed
		if s.total.KeysErr == nil {
			s.total.KeysErr = c.result.KeysErr
		}
		if s.err == nil && len(c.out) > 0 {
			if _, s.err = s.out.Write(c.out); s.err != nil {
				s.stop.Store(true)
			}
		}
		s.free <- c
	}
}

// read cuts the input into chunks at line ends. What follows the last line end
// goes to the front of the next chunk.
func (s *stream) read() error {
	c := s.next(0, 0, nil)
	skipping := false // inside a line that is too long
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if s.stop.Load() {
			return nil
		}
		if len(c.in) == cap(c.in) {
			c.in = append(c.in, make([]byte, max(chunkSize, len(c.in)))...)[:len(c.in)]
		}
		had := len(c.in)
		n, err := s.in.Read(c.in[had:cap(c.in)])
		c.in = c.in[:had+n]
		end := bytes.LastIndexByte(c.in[had:], '\n') + 1
		if end > 0 {
			end += had
			first := 0
			if skipping {
				first = bytes.IndexByte(c.in, '\n') + 1
				skipping = false
				c.line++
				c.column = 0
			}
			c = s.cut(c, first, end)
		} else if skipping {
			c.in = c.in[:0]
		} else if len(c.in) > s.options.MaxLine {
			c, skipping = s.long(c)
		}
		if err == io.EOF { //nolint:errorlint // readers return it bare
			return s.last(c, skipping)
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
}

// next takes a free chunk that begins with rest.
func (s *stream) next(line, column int64, rest []byte) *chunk {
	c := <-s.free
	if cap(c.in) == 0 {
		c.in = make([]byte, 0, chunkSize)
	}
	c.in = append(c.in[:0], rest...)
	c.out, c.line, c.column, c.tooLong, c.result = c.out[:0], line, column, false, LinesResult{}
	return c
}

// cut sends the lines in c.in[first:end] off and returns the chunk with the rest.
func (s *stream) cut(c *chunk, first, end int) *chunk {
	lines := int64(bytes.Count(c.in[first:end], []byte{'\n'}))
	s.total.Lines += lines
	rest := s.next(c.line+lines, 0, c.in[end:])
	c.in = c.in[:end]
	if first > 0 {
		c.in = append(c.in[:0], c.in[first:end]...)
	}
	s.send(c)
	return rest
}

// long deals with a line that is longer than it may be and has not ended. A scan
// goes on behind the last character that no token has.
func (s *stream) long(c *chunk) (rest *chunk, skipping bool) {
	if s.options.Scan {
		if end := bytes.LastIndexFunc(c.in, func(r rune) bool { return r > 0x7f || !scanByte(byte(r)) }) + 1; end > 0 {
			rest = s.next(c.line, c.column+int64(end), c.in[end:])
			c.in = c.in[:end]
			s.send(c)
			return rest, false
		}
	}
	rest = s.next(c.line, 0, nil)
	c.in, c.tooLong = c.in[:0], true
	s.total.Lines++
	s.send(c)
	return rest, true
}

// last sends the line off that no line end follows.
func (s *stream) last(c *chunk, skipping bool) error {
	if len(c.in) > 0 && !skipping {
		s.total.Lines++
		s.send(c)
	}
	return nil
}

func (s *stream) send(c *chunk) {
	s.order <- c
	s.work <- c
}

// lineWorker does the work for one line and keeps its buffers for the next.
type lineWorker interface {
	// line appends what becomes of a line without its end.
	line(dst []byte, c *chunk, number int64, line []byte) []byte
}

func (s *stream) worker() lineWorker {
	switch {
	case s.options.Verifier != nil:
		return newLineVerifier(s.ctx, s.options, s.table)
	case s.options.Scan:
		return &lineScanner{newLineDecoder(s.options, s.table), s.table}
	}
	return newLineDecoder(s.options, s.table)
}

func (s *stream) handle(w lineWorker, c *chunk) {
	number := c.line + 1
	if c.tooLong {
		c.result.Failed++
		c.out = appendLineError(c.out, number, CodeTooLarge, fmt.Sprintf("longer than %d bytes", s.options.MaxLine))
		return
	}
	out, in := c.out, c.in
	for len(in) > 0 {
		line := in
		if i := bytes.IndexByte(in, '\n'); i >= 0 {
			line, in = in[:i], in[i+1:]
		} else {
			in = nil
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) > s.options.MaxLine && !s.options.Scan {
			c.result.Failed++
			out = appendLineError(out, number, CodeTooLarge, fmt.Sprintf("longer than %d bytes", s.options.MaxLine))
		} else {
			out = w.line(out, c, number, line)
		}
		c.column = 0
		number++
	}
	c.out = out
}

func appendLine(dst []byte, number int64, ok bool) []byte {
	dst = append(dst, `{"line":`...)
	dst = strconv.AppendInt(dst, number, 10)
	if ok {
		return append(dst, `,"ok":true`...)
	}
	return append(dst, `,"ok":false`...)
}

func appendLineError(dst []byte, number int64, code Code, message string) []byte {
	dst = appendLine(dst, number, false)
	dst = append(dst, `,"code":"`...)
	dst = append(dst, code...)
	dst = append(dst, `","error":`...)
	dst = appendString(dst, message)
	return append(dst, "}\n"...)
}
