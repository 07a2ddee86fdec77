// Package tomlfile reads TOML files strictly: config.toml and provider files
// go through the same door.
//
// A key that the program does not know is an error, with the file, the line
// and the nearest known key, because a misspelt key that is ignored is a
// setting that silently does not hold (C21). Only regular files of at most
// 1 MiB are read, so that a FIFO, a device or a runaway file cannot hold the
// program up.
package tomlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 1 << 20

// Error is a file that cannot be used as it is.
type Error struct {
	File   string
	Line   int    // 1-based; 0 when no line is to blame
	Key    string // dotted; empty when no key is to blame
	Reason string
}

// Error has the form "file:line: key: reason".
func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if e.Key != "" {
		s += ": " + e.Key
	}
	return s + ": " + e.Reason
}

// Read returns the content of a regular file of at most [MaxSize] bytes. A
// file that is not there is [os.ErrNotExist]; anything else an [*Error].
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return nil, &Error{File: path, Reason: cause(err)}
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, &Error{File: path, Reason: "it is not a regular file"}
	case info.Size() > MaxSize:
		return nil, &Error{File: path, Reason: fmt.Sprintf("it is larger than %d bytes", MaxSize)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Reason: cause(err)}
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, &Error{File: path, Reason: cause(err)}
	}
	return data, nil
}

func cause(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// Decode fills v, a pointer to a struct with toml tags, from data. A byte-order
// mark and CRLF are accepted. Every failure is an [*Error].
func Decode(file string, data []byte, v any) error {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	meta, err := toml.Decode(string(data), v)
	var parse toml.ParseError
	if errors.As(err, &parse) {
		reason := parse.Message
		if reason == "" {
			reason = strings.TrimPrefix(parse.Error(), "toml: ")
		}
		return &Error{File: file, Line: parse.Position.Line, Key: parse.LastKey, Reason: reason}
	}
	if err != nil {
		return &Error{File: file, Reason: strings.TrimPrefix(err.Error(), "toml: ")}
	}
	for _, key := range meta.Undecoded() {
		name := key.String()
		reason := "this key is not known"
		if near := nearest(key[len(key)-1], knownKeys(reflect.TypeOf(v), nil)); near != "" {
			reason += fmt.Sprintf("; did you mean %s?", near)
		}
		return &Error{File: file, Line: Line(data, name), Key: name, Reason: reason}
	}
	return nil
}

// Line returns the 1-based line on which the dotted key is set, or 0. It reads
// the file the simple way, by lines and [tables]; for keys that hide inside
// inline tables it finds the line of the table.
func Line(data []byte, key string) int {
	table, best := "", 0
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if inner, ok := strings.CutPrefix(line, "["); ok {
			inner, _, _ = strings.Cut(strings.TrimPrefix(inner, "["), "]")
			table = unquote(inner)
			if table == key {
				return i + 1
			}
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		full := unquote(name)
		if table != "" {
			full = table + "." + full
		}
		if full == key {
			return i + 1
		}
		if best == 0 && strings.HasPrefix(key, full+".") {
			best = i + 1
		}
	}
	return best
}

func unquote(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(s), `"`, ""), " ", "")
}

// knownKeys lists the toml tags of t and of the structs inside it.
func knownKeys(t reflect.Type, into []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Map || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return into
	}
	for field := range t.Fields() {
		if tag := field.Tag.Get("toml"); tag != "" && tag != "-" {
			into = knownKeys(field.Type, append(into, tag))
		}
	}
	return into
}

// nearest returns the known key that is at most two edits away, or "".
func nearest(key string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(key, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
