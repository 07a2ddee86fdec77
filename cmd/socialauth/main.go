package main

import (
	"os"
	"time"

	"github.com/socialauth/socialauth/internal/cli"
)

func main() {
	os.Exit(cli.New(os.Stdin, os.Stdout, os.Stderr, time.Now).Run(os.Args[1:]))
}
