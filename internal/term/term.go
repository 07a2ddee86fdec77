// Package term is everything the program knows about the person's terminal:
// whether there is one, whether it shows colour, how text from elsewhere is
// made harmless before it gets there, and how a secret is asked for.
//
// It decides once, in [Detect], and hands out a value. Styles are applied only
// where that value says so: a pipe, NO_COLOR and TERM=dumb get no escape byte
// at all (C28).
//
// The styles are six constants and not a library's: what the library would add
// to every start and to the binary was measured, and the rest of it is not used.
package term

import (
	"os"
	"strings"

	"github.com/clipperhouse/displaywidth"
	xterm "golang.org/x/term"
)

// Info describes the three streams.
type Info struct {
	StdinTTY, StdoutTTY, StderrTTY bool
	// StdoutColor and StderrColor: the stream is a terminal that wants colour.
	StdoutColor, StderrColor bool
	// Width of the terminal in columns; 80 when unknown.
	Width int
}

// Interactive reports whether a person can be asked something.
func (i Info) Interactive() bool { return i.StdinTTY && i.StderrTTY }

// Detect looks at the streams and at NO_COLOR and TERM.
func Detect(stdin, stdout, stderr *os.File, env func(string) string) Info {
	i := Info{
		StdinTTY:  isTerminal(stdin),
		StdoutTTY: isTerminal(stdout),
		StderrTTY: isTerminal(stderr),
		Width:     80,
	}
	colour := env("NO_COLOR") == "" && env("TERM") != "dumb"
	i.StdoutColor = i.StdoutTTY && colour
	i.StderrColor = i.StderrTTY && colour
	for _, f := range []*os.File{stdout, stderr} {
		if f == nil {
			continue
		}
		if w, _, err := xterm.GetSize(int(f.Fd())); err == nil && w > 0 {
			i.Width = w
			break
		}
	}
	return i
}

func isTerminal(f *os.File) bool { return f != nil && xterm.IsTerminal(int(f.Fd())) }

// Style colours text for one stream, or does nothing.
type Style struct{ on bool }

// NewStyle returns a style that is on or off for good.
func NewStyle(on bool) Style { return Style{on} }

// Bold is for what the reader looks for first.
func (s Style) Bold(t string) string { return s.sgr("1", t) }

// Faint is for what can be skipped.
func (s Style) Faint(t string) string { return s.sgr("2", t) }

// Good is for what went well.
func (s Style) Good(t string) string { return s.sgr("32", t) }

// Bad is for what failed.
func (s Style) Bad(t string) string { return s.sgr("1;31", t) }

// Warn is for what the reader should think about.
func (s Style) Warn(t string) string { return s.sgr("33", t) }

// Name is for accounts, claims and other names.
func (s Style) Name(t string) string { return s.sgr("36", t) }

// sgr puts t between a Select Graphic Rendition sequence (ECMA-48 section
// 8.3.117) and its reset.
func (s Style) sgr(parameters, t string) string {
	if !s.on || t == "" {
		return t
	}
	return "\x1b[" + parameters + "m" + t + "\x1b[m"
}

// width is how many columns a cell takes, without its style.
func width(cell string) int { return displaywidth.Options{ControlSequences: true}.String(cell) }

// Table lays rows out in columns, two spaces apart. Cells may be styled; widths
// are those on the screen. The last cell of a row is neither padded nor measured,
// so it may be as long as it likes without moving the other rows.
func Table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:max(0, len(row)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
