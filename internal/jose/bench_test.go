package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"
)

// benchToken is of the size that large identity providers issue: near 1 KB.
func benchToken(b *testing.B, key *Key) []byte {
	b.Helper()
	payload := claims(`"email":"someone@example.com","email_verified":true,"name":"Someone Somewhere","given_name":"Someone",` +
		`"family_name":"Somewhere","picture":"https://images.example.com/a/` + strings.Repeat("x", 90) + `=s96-c","locale":"ko",` +
		`"groups":["admin","staff","everyone"],"address":{"country":"KR","region":"Seoul"},"at_hash":"77QmUPtjPfzWtF2AnpK9RQ",` +
		`"auth_time":1795348000,"jti":"0f8e1b1c-0b5e-4d3b-9d61-0c1a2b3c4d5e","sid":"S-9007199254740993",`)
	token, err := Sign(key, Header{Typ: "JWT"}, []byte(payload))
	if err != nil {
		b.Fatal(err)
	}
	return []byte(token)
}

// BenchmarkDecodeLine is the work for one line of decode: find, cut, decode,
// check, explain, write.
func BenchmarkDecodeLine(b *testing.B) {
	token := benchToken(b, pemKey(b, "rsa2048.pem", "RS256"))
	o := ExplainOptions{Now: now}
	var out []byte
	b.SetBytes(int64(len(token)))
	b.ReportAllocs()
	for b.Loop() {
		e, err := Explain(token, o)
		if err != nil {
			b.Fatal(err)
		}
		out = e.AppendJSON(out[:0])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkScan is the part of it that cannot be avoided: base64url and JSON with
// all checks, into buffers that are there.
func BenchmarkScan(b *testing.B) {
	token := benchToken(b, pemKey(b, "rsa2048.pem", "RS256"))
	var (
		d      document
		buffer []byte
	)
	b.SetBytes(int64(len(token)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := slice(token)
		if err != nil {
			b.Fatal(err)
		}
		for _, segment := range [...][]byte{c.Header, c.Payload} {
			if buffer, err = decodeStrict(buffer[:0], segment); err != nil {
				b.Fatal(err)
			}
			if err := d.parse(buffer, depthTolerant); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkJSON compares the scanner with the standard library's validator, which
// finds no keys that occur twice and no broken UTF-8.
func BenchmarkJSON(b *testing.B) {
	token := benchToken(b, pemKey(b, "rsa2048.pem", "RS256"))
	c, _ := slice(token)
	payload, _ := decodeStrict(nil, c.Payload)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		var d document
		for b.Loop() {
			if err := d.parse(payload, depthStrict); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			if !json.Valid(payload) {
				b.Fatal("not JSON")
			}
		}
	})
}

// BenchmarkVerify puts each algorithm beside its raw primitive on the same bytes.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"HS256", "RS256", "PS256", "ES256", "EdDSA"} {
		key := testKey(b, alg)
		token := benchToken(b, key)
		c, _ := slice(token)
		signature, _ := decodeStrict(nil, c.Signature)
		raw := primitive(key, c.SigningInput, signature)
		if !raw() {
			b.Fatalf("%s: the raw primitive refuses", alg)
		}
		b.Run(alg+"/raw", func(b *testing.B) {
			for b.Loop() {
				raw()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
		b.Run(alg+"/verify", func(b *testing.B) {
			v := verifier(key)
			v.Leeway = time.Minute
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// primitive returns the plain check of the standard library.
func primitive(key *Key, input, signature []byte) func() bool {
	switch k := key.material().(type) {
	case []byte:
		return func() bool {
			h := hmac.New(sha256.New, k)
			h.Write(input)
			return hmac.Equal(h.Sum(nil), signature)
		}
	case *rsa.PublicKey:
		return func() bool {
			sum := sha256.Sum256(input)
			if key.alg == "PS256" {
				return rsa.VerifyPSS(k, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
			}
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
		}
	case *ecdsa.PublicKey:
		return func() bool {
			sum := sha256.Sum256(input)
			return ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(k, input, signature) }
	}
	panic(fmt.Sprintf("no primitive for %v", key))
}

// benchLines makes a stream of different tokens of 1 KB, as many as fit into 8 MB.
func benchLines(b *testing.B, key *Key) (input []byte, count int) {
	b.Helper()
	for count < 8000 {
		payload := claims(fmt.Sprintf(`"email":"someone%d@example.com","email_verified":true,"name":"Someone Somewhere",`+
			`"picture":"https://images.example.com/a/%s=s96-c","locale":"ko","groups":["admin","staff"],"address":{"country":"KR"},`+
			`"at_hash":"77QmUPtjPfzWtF2AnpK9RQ","auth_time":%d,"jti":"0f8e1b1c-0b5e-4d3b-9d61-%012d",`,
			count, strings.Repeat("x", 64), testNow-count, count))
		// One signature for all: only its length counts for decode.
		token, err := Sign(key, Header{Typ: "JWT"}, []byte(payload))
		if err != nil {
			b.Fatal(err)
		}
		if key.kty != "RSA" {
			token += "\n"
			input = append(input, token...)
			count++
			continue
		}
		head, rest, _ := strings.Cut(token, ".")
		_, signature, _ := strings.Cut(rest, ".")
		for range 200 {
			count++
			p := strings.Replace(payload, "someone", fmt.Sprintf("s%dmeone", count), 1)
			input = append(input, head+"."+encode([]byte(p))+"."+signature+"\n"...)
		}
	}
	return input, count
}

// BenchmarkLines is the whole of decode --lines but for the process, per token, on
// one core and on all.
func BenchmarkLines(b *testing.B) {
	input, count := benchLines(b, pemKey(b, "rsa2048.pem", "RS256"))
	hmacKey := testKey(b, "HS256")
	signedLines, signedCount := benchLines(b, hmacKey)
	v := verifier(hmacKey)
	for _, test := range []struct {
		name  string
		input []byte
		count int
		o     LinesOptions
	}{
		{"decode/1", input, count, LinesOptions{Workers: 1}},
		{"decode/all", input, count, LinesOptions{}},
		{"redact/1", input, count, LinesOptions{Workers: 1, Redact: NewRedactor(nil)}},
		{"scan/1", input, count, LinesOptions{Workers: 1, Scan: true}},
		{"verifyHS256/1", signedLines, signedCount, LinesOptions{Workers: 1, Verifier: v}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(test.input)))
			tokens := 0
			for b.Loop() {
				result, err := Lines(b.Context(), bytes.NewReader(test.input), io.Discard, test.o)
				if err != nil || result.Failed > 0 {
					b.Fatal(result, err)
				}
				tokens += test.count
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
			b.ReportMetric(float64(len(test.input))/float64(test.count), "B/token")
		})
	}
}
