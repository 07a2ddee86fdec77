package tomlfile

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
)

// fill copies a decoded table into a struct. It is our own and not the
// library's so that each error knows its key, a key is matched exactly and not
// by upper and lower case alike, and a wrong type is told in words.
func fill(path []string, table map[string]any, into reflect.Value) []*KeyError {
	var errs []*KeyError
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
		if tag := t.Field(i).Tag.Get("toml"); tag != "-" {
			m[tag] = i
		}
	}
	return m
}

func unknownKey(path []string, fields map[string]int) *KeyError {
	known := make([]string, 0, len(fields))
	for name := range fields {
		known = append(known, name)
	}
	slices.Sort(known)
	reason := "is not a known key"
	if near := Nearest(strings.ToLower(path[len(path)-1]), known); near != "" {
		reason += "; did you mean " + JoinKey(append(slices.Clone(path[:len(path)-1]), near)) + "?"
	}
	return &KeyError{Key: JoinKey(path), Reason: reason}
}

// set stores one value, which must have the type of the field.
func set(path []string, value any, into reflect.Value) []*KeyError {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr()); ok {
		return setText(path, value, u)
	}
	want := ""
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return set(path, value, into.Elem())
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
		want = "a table"
	default: // structs
		if table, ok := value.(map[string]any); ok {
			return fill(path, table, into)
		}
		want = "a table"
	}
	return []*KeyError{{Key: JoinKey(path), Reason: "must be " + want + ", not " + kindOf(value)}}
}

func setList(path []string, list []any, into reflect.Value) []*KeyError {
	out := reflect.MakeSlice(into.Type(), len(list), len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return []*KeyError{{Key: JoinKey(path), Reason: "must be a list of strings, not of " + kindOf(v)}}
		}
		out.Index(i).SetString(s)
	}
	into.Set(out)
	return nil
}

// setText stores a value that reads its own text.
func setText(path []string, value any, into encoding.TextUnmarshaler) []*KeyError {
	text, ok := value.(string)
	if !ok {
		return []*KeyError{{Key: JoinKey(path), Reason: "must be a string, not " + kindOf(value)}}
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		return []*KeyError{{Key: JoinKey(path), Reason: "is wrong: " + err.Error()}}
	}
	return nil
}

func setMap(path []string, table map[string]any, into reflect.Value) []*KeyError {
	var errs []*KeyError
	out := reflect.MakeMapWithSize(into.Type(), len(table))
	for name, v := range table {
		member := reflect.New(into.Type().Elem()).Elem()
		errs = append(errs, set(append(slices.Clone(path), name), v, member)...)
		out.SetMapIndex(reflect.ValueOf(name), member)
	}
	into.Set(out)
	slices.SortFunc(errs, func(a, b *KeyError) int { return strings.Compare(a.Key, b.Key) })
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
