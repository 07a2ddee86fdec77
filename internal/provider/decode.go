package provider

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

// MaxFile is the size in bytes beyond which a file is not read.
const MaxFile = 1 << 20

// maxErrors is how many errors of one table are collected to tell the first of:
// a file of unknown keys alone is not compared with our keys to its end.
const maxErrors = 100

// FileError is the first thing wrong in a provider file.
type FileError struct {
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
func (e *FileError) Error() string {
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

// Load decodes a person's own provider file: a regular file of at most
// [MaxFile] bytes. What is wrong in it is a [*FileError]; a file that cannot be
// read is the error of the system.
func Load(path string) (*Provider, error) {
	// Asked before opening: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading a provider: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &FileError{File: path, Reason: "is not a regular file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a provider: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading a provider: %w", err)
	}
	return Decode(path, data)
}

// Decode reads one provider from TOML; file names it in errors. Every key must
// be known, spelled exactly and of the right type; what is left out is filled by
// [Provider.SetDefaults]; the result satisfies [Provider.Validate]. All errors
// are a [*FileError], the first in the order of lines.
func Decode(file string, data []byte) (*Provider, error) {
	return decode(file, data, nil)
}

// decode is Decode with further rules.
func decode(file string, data []byte, more func(*Provider) []*FieldError) (*Provider, error) {
	if len(data) > MaxFile {
		return nil, &FileError{File: file, Reason: fmt.Sprintf("is larger than %d bytes", MaxFile)}
	}
	// Other programs' byte order mark is not part of the text.
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	lines, tooDeep := scanLines(data)
	if tooDeep > 0 {
		return nil, &FileError{File: file, Line: tooDeep, Reason: "is nested too deeply"}
	}
	var tree map[string]any
	if _, err := toml.Decode(string(data), &tree); err != nil {
		return nil, syntaxError(file, err)
	}
	p := new(Provider)
	errs := fill(nil, tree, reflect.ValueOf(p).Elem())
	if len(errs) == 0 {
		p.expand()
		p.SetDefaults()
		if p.ID != "" && !validID(p.ID) {
			errs = append(errs, &FieldError{Key: "id", Reason: fmt.Sprintf("is %q; only a-z, 0-9 and - are allowed, and no - in front", p.ID)})
		}
		errs = append(errs, p.check()...)
		if more != nil {
			errs = append(errs, more(p)...)
		}
	}
	if len(errs) == 0 {
		return p, nil
	}
	return nil, firstByLine(file, lines, errs)
}

// syntaxError is the parser's error with its line.
func syntaxError(file string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &FileError{File: file, Line: 1, Reason: "is not TOML: " + err.Error()}
	}
	return &FileError{File: file, Line: max(1, pe.Position.Line), Reason: "is not TOML: " + pe.Message}
}

// firstByLine gives each error the line of its key, or of the nearest table
// around it, and returns the one that comes first.
func firstByLine(file string, lines map[string]int, errs []*FieldError) error {
	found := make([]*FileError, 0, len(errs))
	for _, e := range errs {
		line, key := 0, e.Key
		for line == 0 && key != "" {
			line = lines[key]
			key, _ = cutLast(key)
		}
		found = append(found, &FileError{File: file, Line: max(1, line), Key: e.Key, Reason: e.Reason})
	}
	return slices.MinFunc(found, func(a, b *FileError) int { return a.Line - b.Line })
}

// cutLast splits a dotted key at its last dot.
func cutLast(key string) (table, name string) {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i], key[i+1:]
	}
	return "", key
}

// joinKey writes a key as TOML does: bare where that is possible, else quoted.
func joinKey(path []string) string {
	parts := make([]string, len(path))
	for i, name := range path {
		if parts[i] = name; !isBareKey(name) {
			parts[i] = strconv.QuoteToASCII(name)
		}
	}
	return strings.Join(parts, ".")
}

func isBareKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// fill copies a decoded table into a struct. It is our own and not the
// library's so that each error knows its key, a key is matched exactly and not
// by upper and lower case alike, and a wrong type is told in words.
func fill(path []string, table map[string]any, into reflect.Value) []*FieldError {
	var errs []*FieldError
	fields := fieldsByKey(into.Type())
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names) // errors on one line come in a fixed order
	for _, name := range names {
		if len(errs) >= maxErrors {
			break
		}
		here := append(slices.Clone(path), name)
		index, ok := fields[name]
		if !ok {
			errs = append(errs, unknownKey(here, fields))
			continue
		}
		errs = append(errs, set(here, table[name], into.Field(index))...)
	}
	return errs
}

// fieldsByKey maps each TOML key of a struct to its field.
func fieldsByKey(t reflect.Type) map[string]int {
	m := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		m[t.Field(i).Tag.Get("toml")] = i
	}
	return m
}

func unknownKey(path []string, fields map[string]int) *FieldError {
	known := make([]string, 0, len(fields))
	for name := range fields {
		known = append(known, name)
	}
	slices.Sort(known)
	reason := "is not a known key"
	if near := nearest(strings.ToLower(path[len(path)-1]), known); near != "" {
		reason += "; did you mean " + joinKey(append(slices.Clone(path[:len(path)-1]), near)) + "?"
	}
	return &FieldError{Key: joinKey(path), Reason: reason}
}

// set stores one value, which must have the type of the field.
func set(path []string, value any, into reflect.Value) []*FieldError {
	want := ""
	switch into.Kind() {
	case reflect.String:
		if s, ok := value.(string); ok {
			into.SetString(s)
			return nil
		}
		want = "a string"
	case reflect.Bool:
		if b, ok := value.(bool); ok {
			into.SetBool(b)
			return nil
		}
		want = "true or false"
	case reflect.Int:
		if n, ok := value.(int64); ok {
			into.SetInt(n)
			return nil
		}
		want = "a whole number"
	case reflect.Slice:
		if list, ok := value.([]any); ok {
			return setList(path, list, into)
		}
		want = "a list of strings"
	case reflect.Map:
		if table, ok := value.(map[string]any); ok {
			return setMap(path, table, into)
		}
		want = "a table of strings"
	default: // the structs of Provider
		if table, ok := value.(map[string]any); ok {
			return fill(path, table, into)
		}
		want = "a table"
	}
	return []*FieldError{{Key: joinKey(path), Reason: "must be " + want + ", not " + kindOf(value)}}
}

func setList(path []string, list []any, into reflect.Value) []*FieldError {
	out := reflect.MakeSlice(into.Type(), len(list), len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return []*FieldError{{Key: joinKey(path), Reason: "must be a list of strings, not of " + kindOf(v)}}
		}
		out.Index(i).SetString(s)
	}
	into.Set(out)
	return nil
}

func setMap(path []string, table map[string]any, into reflect.Value) []*FieldError {
	var errs []*FieldError
	out := make(map[string]string, len(table))
	for name, v := range table {
		s, ok := v.(string)
		if !ok {
			here := append(slices.Clone(path), name)
			errs = append(errs, &FieldError{Key: joinKey(here), Reason: "must be a string, not " + kindOf(v)})
		}
		out[name] = s
	}
	into.Set(reflect.ValueOf(out))
	slices.SortFunc(errs, func(a, b *FieldError) int { return strings.Compare(a.Key, b.Key) })
	return errs
}

// kindOf names a TOML type for people.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64:
		return "a whole number"
	case float64:
		return "a fraction"
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}
