package main

import (
	"os"
	"time"

	"github.com/socialauth/socialauth/internal/cli"
	"github.com/socialauth/socialauth/internal/term"
)

func main() {
	env := cli.TakeEnvironment()
	app := &cli.App{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: env, Now: time.Now, Term: term.Detect(os.Stdin, os.Stdout, os.Stderr, env),
	}
	os.Exit(app.Run(os.Args[1:]))
}
