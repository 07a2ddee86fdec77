package jose

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// TestBenchProcesses is no test but what `make bench` prints about whole
// processes: ours beside other programs and libraries, in one run on one input. It
// runs with SOCIALAUTH_BENCH=1, and compares nothing: figures are for people.
func TestBenchProcesses(t *testing.T) {
	if peer := os.Getenv("SOCIALAUTH_BENCH_PEER"); peer != "" {
		runPeer(t, peer)
		return
	}
	if os.Getenv("SOCIALAUTH_BENCH") != "1" {
		t.Skip("a benchmark: scripts/bench-jose.sh runs it")
	}
	b := newProcessBench(t)
	b.startUp()
	b.decode()
	b.verify()
	b.stream()
	b.hostile()
}

// launcher runs a program and reports what it took. It is small itself, because
// Linux counts the parent's memory as the child's peak.
const launcher = `package main

import ("fmt"; "io"; "os"; "os/exec"; "strconv"; "syscall"; "time")

func main() { // COUNT TIMES STDIN PROGRAM ARGUMENTS...
	count, _ := strconv.Atoi(os.Args[1])
	times, _ := strconv.Atoi(os.Args[2])
	for range count {
		cmd := exec.Command(os.Args[4], os.Args[5:]...)
		in, err := os.Open(os.Args[3])
		if err != nil { panic(err) }
		cmd.Stdin, cmd.Stderr = in, io.Discard
		if times > 1 {
			r, w, _ := os.Pipe()
			cmd.Stdin = r
			go func() { for range times { in.Seek(0, 0); io.Copy(w, in) }; w.Close() }()
		}
		start := time.Now()
		cmd.Run()
		wall := time.Since(start)
		in.Close()
		s := cmd.ProcessState
		if s == nil { panic("did not run") }
		fmt.Println(wall.Nanoseconds(), (s.UserTime() + s.SystemTime()).Nanoseconds(), s.SysUsage().(*syscall.Rusage).Maxrss, s.ExitCode())
	}
}
`

type processBench struct {
	*testing.T
	dir, ours, hello, launch string
}

func newProcessBench(t *testing.T) *processBench {
	t.Helper()
	b := &processBench{T: t, dir: t.TempDir()}
	b.ours = b.build("socialauth", "../../cmd/socialauth")
	b.hello = b.build("hello", b.file("hello.go", "package main\n\nfunc main() { println(\"hello\") }\n"))
	b.launch = b.build("launch", b.file("launch.go", launcher))
	return b
}

func (b *processBench) file(name, text string) string {
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func (b *processBench) build(name, source string) string {
	path := filepath.Join(b.dir, name)
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// took is medians of some runs.
type took struct {
	wall, cpu time.Duration
	peak      float64 // MiB
	exit      int
}

// run runs a program count times with a file as stdin, fed several times over.
func (b *processBench) run(count, times int, stdin string, env []string, line ...string) took {
	args := append([]string{strconv.Itoa(count), strconv.Itoa(times), stdin}, line...)
	cmd := exec.CommandContext(b.Context(), b.launch, args...)
	cmd.Env = append(append(os.Environ(), "SOCIALAUTH_HOME="+filepath.Join(b.dir, "home")), env...)
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", line, err)
	}
	var walls, cpus []int64
	var m took
	for text := range strings.Lines(string(out)) {
		var wall, cpu, peak int64
		if _, err := fmt.Sscan(text, &wall, &cpu, &peak, &m.exit); err != nil {
			b.Fatal(err)
		}
		walls, cpus = append(walls, wall), append(cpus, cpu)
		m.peak = max(m.peak, float64(peak)/1024)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	m.wall, m.cpu = time.Duration(walls[len(walls)/2]), time.Duration(cpus[len(cpus)/2])
	return m
}

func (b *processBench) title(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }

// row prints tokens per second of wall time and of processor time.
func (b *processBench) row(name string, tokens int, m took) {
	fmt.Printf("  %-44s %10.0f tokens/s %10.0f per CPU s %7.1f MiB\n",
		name, float64(tokens)/m.wall.Seconds(), float64(tokens)/m.cpu.Seconds(), m.peak)
}

func (b *processBench) startUp() {
	b.title("one token, whole process, median of 100 (budget 1.8 times the hello-world, 8 MiB)")
	token := b.file("one", unsigned(`{"alg":"none"}`, claims("")))
	hello := b.run(100, 1, token, nil, b.hello)
	show := func(name string, m took) {
		fmt.Printf("  %-44s %8.2f ms %6.2f times %7.1f MiB\n", name, float64(m.wall.Microseconds())/1000,
			float64(m.wall)/float64(hello.wall), m.peak)
	}
	show("Go hello-world", hello)
	show("socialauth decode", b.run(100, 1, token, nil, b.ours, "decode"))
	show("socialauth decode --json", b.run(100, 1, token, nil, b.ours, "decode", "--json"))
	if jq := b.find("jq"); jq != "" {
		show("jq", b.run(20, 1, token, nil, append([]string{jq}, jqRecipe()...)...))
	}
}

func jqRecipe() []string {
	return []string{"-Rc", `split(".")|.[0:2]|map(gsub("-";"+")|gsub("_";"/")|@base64d|fromjson)`}
}

// find returns the path of a program, or says that it is left out.
func (b *processBench) find(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		fmt.Printf("  %-44s left out: it is not installed\n", name)
	}
	return path
}

const benchTokens = 100_000

// corpus writes tokens of 1 KB, each another, signed by key.
func (b *processBench) corpus(name string, key *Key, count int) string {
	var out bytes.Buffer
	until := time.Now().Unix() + 86400 // the programs have no other clock
	for i := range count {
		payload := claims(fmt.Sprintf(`"email":"someone%d@example.com","email_verified":true,"name":"Someone Somewhere",`+
			`"picture":"https://images.example.com/a/%s=s96-c","locale":"ko","groups":["admin","staff"],"address":{"country":"KR"},`+
			`"at_hash":"77QmUPtjPfzWtF2AnpK9RQ","auth_time":%d,"jti":"0f8e1b1c-0b5e-4d3b-9d61-%012d",`,
			i, strings.Repeat("x", 64), testNow-i, i))
		payload = strings.Replace(payload, strconv.Itoa(testNow+600), strconv.FormatInt(until, 10), 1)
		if key == nil { // only decoded: any signature will do
			out.WriteString(encode([]byte(`{"alg":"RS256","typ":"JWT","kid":"0a1b2c3d"}`)) + "." + encode([]byte(payload)) + "." + encode(make([]byte, 256)) + "\n")
			continue
		}
		token, err := Sign(key, Header{Typ: "JWT"}, []byte(payload))
		if err != nil {
			b.Fatal(err)
		}
		out.WriteString(token + "\n")
	}
	return b.file(name, out.String())
}

func (b *processBench) decode() {
	input := b.corpus("tokens", nil, benchTokens)
	size, _ := os.Stat(input)
	b.title("decode, %d tokens of %d bytes (budget 900,000 on one core, 1,500,000 on two, 20 MiB)", benchTokens, size.Size()/benchTokens)
	one := []string{"GOMAXPROCS=1"}
	b.row("cat (reads and writes, no more)", benchTokens, b.run(3, 1, input, nil, "/bin/cat"))
	b.row("socialauth decode --lines, one core", benchTokens, b.run(5, 1, input, one, b.ours, "decode", "--lines"))
	b.row("socialauth decode --lines, all cores", benchTokens, b.run(5, 1, input, nil, b.ours, "decode", "--lines"))
	b.row("socialauth decode --lines --redact, one core", benchTokens, b.run(3, 1, input, one, b.ours, "decode", "--lines", "--redact"))
	b.row("socialauth decode --scan, one core", benchTokens, b.run(3, 1, input, one, b.ours, "decode", "--scan"))
	for _, peer := range []string{"golang-jwt", "go-jose", "encoding-json"} {
		b.row(peer+", a loop, one core", benchTokens, b.peer(3, input, peer, ""))
	}
	few := b.corpus("few", nil, benchTokens/20)
	if jq := b.find("jq"); jq != "" {
		b.row("jq, one process", benchTokens/20, b.run(1, 1, few, nil, append([]string{jq}, jqRecipe()...)...))
	}
}

// peer runs this test binary as a program that uses a library on each line.
func (b *processBench) peer(count int, input, name, key string) took {
	env := []string{"GOMAXPROCS=1", "SOCIALAUTH_BENCH_PEER=" + name, "SOCIALAUTH_BENCH_KEY=" + key}
	return b.run(count, 1, input, env, os.Args[0], "-test.run", "^TestBenchProcesses$")
}

func (b *processBench) verify() {
	b.title("verify on one core (budget 600,000 for HS256, else 90 %% of the primitive)")
	for alg, count := range map[string]int{"HS256": benchTokens, "RS256": 20_000, "ES256": 20_000, "EdDSA": 20_000} {
		key := testKey(b, alg)
		text, err := key.MarshalJWK(true)
		if err != nil {
			b.Fatal(err)
		}
		input := b.corpus(alg, key, count)
		path := b.file(alg+".jwk", string(text))
		ours := b.run(3, 1, input, []string{"GOMAXPROCS=1"}, b.ours, "verify", "--lines", "--key", path,
			"--issuer", "https://issuer.example", "--audience", "client")
		if ours.exit != 0 {
			b.Errorf("%s: verify ended with %d", alg, ours.exit)
		}
		raw := b.peer(3, input, "primitive", path)
		b.row(alg+" the primitive alone, and reading lines", count, raw)
		b.row(alg+" socialauth verify --lines", count, ours)
		b.row(alg+" golang-jwt", count, b.peer(3, input, "golang-jwt-verify", path))
		fmt.Printf("  %-44s %9.0f %% of the primitive, by processor time\n", alg, 100*raw.cpu.Seconds()/ours.cpu.Seconds())
	}
	if tool := b.find("jose"); tool != "" {
		key := testKey(b, "HS256")
		text, _ := key.MarshalJWK(true)
		one := b.corpus("single", key, 1)
		path := b.file("single.jwk", string(text))
		b.row("HS256 jose jws ver, a process per token", 1, b.run(20, 1, one, nil, tool, "jws", "ver", "-i", "-", "-k", path))
	}
}

func (b *processBench) stream() {
	input := filepath.Join(b.dir, "tokens")
	b.title("decode --lines of a stream: memory must not grow with it")
	for _, times := range []int{1, 10} {
		b.row(fmt.Sprintf("%d MB", times*100), times*benchTokens, b.run(1, times, input, nil, b.ours, "decode", "--lines"))
	}
}

// hostile prints how long the worst inputs take (budget 100 ms each).
func (b *processBench) hostile() {
	b.title("hostile inputs (budget 100 ms)")
	head := encode([]byte(`{"alg":"none"}`)) + "."
	short := head + encode([]byte(`{"a":1}`)) + "."
	modulus := append([]byte{0xc1}, bytes.Repeat([]byte{0x5b}, 2047)...)
	key := b.file("rsa16384.jwk", fmt.Sprintf(`{"kty":"RSA","e":"AQAB","n":%q}`, encode(modulus)))
	for _, test := range []struct {
		name, text string
		line       []string
	}{
		{"a token of 10 MB", head + encode([]byte(`{"a":"`+strings.Repeat("x", 7_500_000)+`"}`)) + ".", []string{"decode"}},
		{"a token of 10 MB, verify", head + strings.Repeat("A", 10_000_000) + ".", []string{"verify", "--insecure-skip-issuer", "--insecure-skip-audience", "--jwks", b.file("set", `{"keys":[]}`)}},
		{"a million dots", strings.Repeat(".", 1_000_000), []string{"decode"}},
		{"JSON a million deep", head + encode([]byte(strings.Repeat("[", 1_000_000))) + ".", []string{"decode"}},
		{"an RSA key of 16,384 bits", short, []string{"verify", "--key", key, "--issuer", "i", "--audience", "a"}},
	} {
		m := b.run(5, 1, b.file("hostile", test.text), nil, append([]string{b.ours}, test.line...)...)
		fmt.Printf("  %-44s %8.1f ms, exit %d, %.1f MiB\n", test.name, float64(m.wall.Microseconds())/1000, m.exit, m.peak)
	}
}

// runPeer does with another library what Lines does, for each line of stdin.
func runPeer(t *testing.T, name string) {
	t.Helper()
	work := peerWork(t, name)
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) == 0 && err != nil {
			break
		}
		text, err := work(bytes.TrimSuffix(line, []byte{'\n'}))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = out.Write(append(text, '\n'))
	}
	_ = out.Flush()
}

func peerWork(t *testing.T, name string) func([]byte) ([]byte, error) {
	t.Helper()
	var key *Key
	if path := os.Getenv("SOCIALAUTH_BENCH_KEY"); path != "" {
		key = mustParseJWK(t, string(read(t, path)))
	}
	parser := jwt.NewParser()
	switch name {
	case "golang-jwt":
		return func(line []byte) ([]byte, error) {
			token, _, err := parser.ParseUnverified(string(line), jwt.MapClaims{})
			if err != nil {
				return nil, err
			}
			return json.Marshal(map[string]any{"header": token.Header, "payload": token.Claims})
		}
	case "go-jose":
		return func(line []byte) ([]byte, error) {
			token, err := gojose.ParseSignedCompact(string(line), []gojose.SignatureAlgorithm{gojose.RS256})
			if err != nil {
				return nil, err
			}
			var claims map[string]any
			if err := json.Unmarshal(token.UnsafePayloadWithoutVerification(), &claims); err != nil {
				return nil, err
			}
			return json.Marshal(map[string]any{"header": token.Signatures[0].Header, "payload": claims})
		}
	case "encoding-json":
		return func(line []byte) ([]byte, error) { return plainJSON(line) }
	case "golang-jwt-verify":
		parser = jwt.NewParser(jwt.WithValidMethods([]string{key.alg}), jwt.WithIssuer("https://issuer.example"), jwt.WithAudience("client"))
		return func(line []byte) ([]byte, error) {
			token, err := parser.Parse(string(line), func(*jwt.Token) (any, error) { return key.material(), nil })
			if err != nil {
				return nil, err
			}
			return json.Marshal(token.Claims)
		}
	}
	return func(line []byte) ([]byte, error) {
		c, err := slice(line)
		if err != nil {
			return nil, err
		}
		signature, err := decodeStrict(nil, c.Signature)
		if err != nil {
			return nil, err
		}
		if !primitive(key, c.SigningInput, signature)() {
			return nil, fmt.Errorf("%s is not signed by %v", line, key)
		}
		return nil, nil
	}
}

// plainJSON is what one would write first: split, base64, a map, and back.
func plainJSON(line []byte) ([]byte, error) {
	var out [2]map[string]any
	for i, part := range bytes.Split(line, []byte("."))[:2] {
		data, serr := decodeStrict(nil, part)
		if serr != nil {
			return nil, serr
		}
		if err := json.Unmarshal(data, &out[i]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(map[string]any{"header": out[0], "payload": out[1]})
}
