// Package tomlfile reads TOML files strictly: config.toml and provider files
// go through the same door.
//
// A key that the program does not know is an error, with the file, the line
// and the nearest known key, because a misspelt key that is ignored is a
// setting that silently does not hold (C21). Keys are matched exactly, not by
// upper and lower case alike. Only regular files of at most 1 MiB are read, so
// that a FIFO, a device or a runaway file cannot hold the program up.
//
// The library parses; that every fault knows its key and its line is ours,
// because the library knows the line of a syntax error only.
package tomlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 1 << 20

// maxErrors is how many errors of one table are collected to tell the first of:
// a file full of nonsense is not worth more.
const maxErrors = 100

// Error is the first thing wrong in a file.
type Error struct {
	// File is the name the decoder was given.
	File string
	// Line counts from 1; 0 if the fault is the file itself. A key that is
	// missing is reported at its table, or at line 1.
	Line int
	// Key is the dotted key, or empty if the file is not TOML.
	Key string
	// Reason follows the key in a sentence and may quote the file.
	Reason string
}

// Error is "file:line: key reason".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + " ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// KeyError is a fault at one key, wherever the key came from.
type KeyError struct {
	// Key is the dotted key.
	Key string
	// Reason follows the key in a sentence.
	Reason string
}

// Error is the key and the reason.
func (e *KeyError) Error() string { return e.Key + " " + e.Reason }

// Read returns the content of a regular file of at most [MaxSize] bytes. A
// file that is not there is [os.ErrNotExist]; anything else an [*Error].
func Read(path string) ([]byte, error) {
	// Asked before opening: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, &Error{File: path, Reason: "cannot be read: " + cause(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, Reason: "is not a regular file"}
	}
	f, err := os.Open(path) //nolint:gosec // the path is the person's own choice
	if err != nil {
		return nil, &Error{File: path, Reason: "cannot be read: " + cause(err)}
	}
	defer f.Close() //nolint:errcheck // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, &Error{File: path, Reason: "cannot be read: " + cause(err)}
	}
	return data, nil
}

// cause is the system's error without the path, which the message names already.
func cause(err error) string {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// Decode fills into, a pointer to a struct with toml tags, from data; file names it in
// errors. Fields are strings, booleans, whole numbers, lists of strings, structs, maps, pointers to
// these, and types with UnmarshalText. When every key is known and of the right type,
// check, if not nil, looks for what else is wrong. All errors are an [*Error],
// the first in the order of lines.
func Decode(file string, data []byte, into any, check func() []*KeyError) error {
	if len(data) > MaxSize {
		return &Error{File: file, Reason: fmt.Sprintf("is larger than %d bytes", MaxSize)}
	}
	// Other programs' byte order mark is not part of the text.
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	lines, tooDeep := scanLines(data)
	if tooDeep > 0 {
		return &Error{File: file, Line: tooDeep, Reason: "is nested too deeply"}
	}
	var tree map[string]any
	if _, err := toml.Decode(string(data), &tree); err != nil {
		return syntaxError(file, err)
	}
	errs := fill(nil, tree, reflect.ValueOf(into).Elem())
	if len(errs) == 0 && check != nil {
		errs = check()
	}
	if len(errs) == 0 {
		return nil
	}
	return firstByLine(file, lines, errs)
}

// syntaxError is the parser's error with its line.
func syntaxError(file string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{File: file, Line: 1, Reason: "is not TOML: " + err.Error()}
	}
	return &Error{File: file, Line: max(1, pe.Position.Line), Reason: "is not TOML: " + pe.Message}
}

// firstByLine gives each error the line of its key, or of the nearest table
// around it, and returns the one that comes first.
func firstByLine(file string, lines map[string]int, errs []*KeyError) error {
	found := make([]*Error, 0, len(errs))
	for _, e := range errs {
		line, key := 0, e.Key
		for line == 0 && key != "" {
			line = lines[key]
			key, _ = cutLast(key)
		}
		found = append(found, &Error{File: file, Line: max(1, line), Key: e.Key, Reason: e.Reason})
	}
	return slices.MinFunc(found, func(a, b *Error) int { return a.Line - b.Line })
}

// cutLast splits a dotted key at its last dot.
func cutLast(key string) (table, name string) {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i], key[i+1:]
	}
	return "", key
}

// JoinKey writes a key as TOML does: bare where that is possible, else quoted.
func JoinKey(path []string) string {
	parts := make([]string, len(path))
	for i, name := range path {
		if parts[i] = name; !IsBareKey(name) {
			parts[i] = strconv.QuoteToASCII(name)
		}
	}
	return strings.Join(parts, ".")
}

// IsBareKey reports whether a key needs no quotes.
func IsBareKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
