package tomlfile

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestScanLines(t *testing.T) {
	const text = `# comment [x]
a = 1 # = ]
"b c" = "x # y" # z
d.e . f = 'it''s not TOML, but the next line is' # '
list = [ # "
  "]", '}', # ]
  [1, [2]],
  { in = "line" },
]
long = """ " "" \""" # not a comment
key = 1 # nor a key
""""" # five quotes
raw = '''\'''
[ t . "u.v" ] # header
w = { x = 1, y.z = [
  { q = 2 } ] }
[[arr]]
n = 2026-11-22T10:00:00Z
`
	want := map[string]int{
		"a": 2, `"b c"`: 3, "d": 4, "d.e": 4, "d.e.f": 4, "list": 5, "list.in": 8,
		"long": 10, "raw": 13, "t": 14, `t."u.v"`: 14, `t."u.v".w`: 15, `t."u.v".w.x`: 15,
		`t."u.v".w.y`: 15, `t."u.v".w.y.z`: 15, `t."u.v".w.y.z.q`: 16, "arr": 17, "arr.n": 18,
	}
	got, deep := scanLines([]byte(text))
	if diff := cmp.Diff(want, got); diff != "" || deep != 0 {
		t.Errorf("too deep at %d (-want +got):\n%s", deep, diff)
	}
}

// FuzzLines checks our line finder against the parser: a key the parser sees
// has a line.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a = [1, [2, {b = 3}]]\n[[c]]\nd = '''\nx'''\n\"e\\u0041\" = \"\"\"\n\"\"\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, deep := scanLines(data)
		var tree map[string]any
		if md, err := toml.Decode(string(data), &tree); err == nil && deep == 0 && !strings.Contains(string(data), `\`) {
			for _, key := range md.Keys() {
				if lines[JoinKey(key)] == 0 {
					t.Fatalf("no line for key %q", key)
				}
			}
		}
	})
}
