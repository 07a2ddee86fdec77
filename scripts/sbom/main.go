// Command sbom writes the software bill of materials of one Go binary, in
// CycloneDX 1.6, from what the go command wrote into that binary. So it lists
// what is linked, with the checksums of go.sum, and can be compared with
// `go version -m`. It has no time and no serial number: two runs are equal.
//
//	go run ./scripts/sbom BINARY DOCUMENT VERSION
//
// VERSION is the program's own, which a build outside a tagged checkout does not know.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

type document struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 || args[2] == "" {
		return errors.New("usage: sbom BINARY DOCUMENT VERSION")
	}
	info, err := buildinfo.ReadFile(args[0])
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	info.Main.Version = args[2]
	encoded, err := json.MarshalIndent(describe(info, sha256.Sum256(binary)), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], append(encoded, '\n'), 0o644)
}

func describe(info *debug.BuildInfo, sum [sha256.Size]byte) document {
	program := module("application", info.Main)
	program.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	d := document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{program}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	d.Components = append(d.Components, component{
		Type: "library", Ref: "std", Name: "std", Version: goVersion, PURL: "pkg:golang/std@" + goVersion,
	})
	for _, linked := range info.Deps {
		if linked.Replace != nil {
			linked = linked.Replace
		}
		d.Components = append(d.Components, module("library", *linked))
	}
	all := dependency{Ref: program.Ref, DependsOn: []string{}}
	for _, c := range d.Components {
		all.DependsOn = append(all.DependsOn, c.Ref)
	}
	d.Dependencies = []dependency{all}
	return d
}

// module is one Go module. Its checksum is go.sum's "h1:", a SHA-256 over the
// list of the module's files.
func module(kind string, m debug.Module) component {
	url := "pkg:golang/" + m.Path + "@" + m.Version
	c := component{Type: kind, Ref: url, Name: m.Path, Version: m.Version, PURL: url}
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
	}
	return c
}
