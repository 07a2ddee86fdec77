// Package term is everything the program knows about the person's terminal:
// whether there is one, whether it shows colour, how text from elsewhere is
// made harmless before it gets there, and how a secret is asked for.
//
// It decides once, in [Detect], and hands out a value. Styles are applied only
// where that value says so: a pipe, NO_COLOR and TERM=dumb get no escape byte
// at all (C28).
package term

import (
	"os"
	"strings"

	"charm.land/lipgloss/v2"
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
func (s Style) Bold(t string) string { return s.apply(lipgloss.NewStyle().Bold(true), t) }

// Faint is for what can be skipped.
func (s Style) Faint(t string) string { return s.apply(lipgloss.NewStyle().Faint(true), t) }

// Good is for what went well.
func (s Style) Good(t string) string {
	return s.apply(lipgloss.NewStyle().Foreground(lipgloss.Green), t)
}

// Bad is for what failed.
func (s Style) Bad(t string) string {
	return s.apply(lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red), t)
}

// Warn is for what the reader should think about.
func (s Style) Warn(t string) string {
	return s.apply(lipgloss.NewStyle().Foreground(lipgloss.Yellow), t)
}

// Name is for accounts, claims and other names.
func (s Style) Name(t string) string {
	return s.apply(lipgloss.NewStyle().Foreground(lipgloss.Cyan), t)
}

func (s Style) apply(style lipgloss.Style, t string) string {
	if !s.on {
		return t
	}
	return style.Render(t)
}

// Table lays rows out in columns of equal width, two spaces apart. Cells may be
// styled; widths are those on the screen. The last column is not padded.
func Table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-lipgloss.Width(cell)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
