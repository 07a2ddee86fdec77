package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
)

// A renewal is done by a worker: this program again, in a session and process
// group of its own. When the caller is stopped or killed while the provider's
// answer is under way, the worker still receives and saves it, so that a
// rotating refresh token is never lost with an impatient script. The job and a
// passphrase that was given go in through stdin and the outcome comes back
// through stdout; neither is on the command line.

// workerCommand is how the program calls itself.
const workerCommand = "renewal-worker"

// workerJob is what the worker reads.
type workerJob struct {
	account.Job
	Passphrase []byte `json:"passphrase,omitempty"`
	Debug      bool   `json:"debug,omitempty"`
}

// workerResult is what it answers.
type workerResult struct {
	account.Renewal
	Failure *workerFailure `json:"failure,omitempty"`
	// Notes is what it would have said on stderr.
	Notes string `json:"notes,omitempty"`
}

// workerFailure is an [Error] on its way between two processes.
type workerFailure struct {
	Exit    int      `json:"exit"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Hints   []string `json:"hints,omitempty"`
}

// maxWorkerResult bounds what is read from the worker.
const maxWorkerResult = 1 << 20

// errNoAnswer is a worker that was killed.
var errNoAnswer = errors.New("the process that renews the token ended without an answer")

// startWorker has the job done and waits for the outcome. When ctx ends it
// stops waiting, and the worker goes on. A worker that was killed is replaced
// once: the next one finds out from the record how far it had come. Not where
// the renewal is forced, because then it would send a token that may be spent.
func (a *App) startWorker(ctx context.Context, job account.Job) (*account.Renewal, error) {
	done, err := a.runWorker(ctx, job)
	if errors.Is(err, errNoAnswer) && !job.Force {
		done, err = a.runWorker(ctx, job)
	}
	if errors.Is(err, errNoAnswer) {
		return nil, (&Error{Exit: exitLocal, Code: "worker", Message: errNoAnswer.Error(), Err: err}).hint("try again")
	}
	return done, err
}

func (a *App) runWorker(ctx context.Context, job account.Job) (*account.Renewal, error) {
	input, err := json.Marshal(workerJob{Job: job, Passphrase: a.given, Debug: a.flags.debug})
	if err != nil {
		return nil, err
	}
	cmd, out, err := a.spawnWorker(input)
	if err != nil {
		return nil, fmt.Errorf("start the renewal: %w", err)
	}
	done := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(io.LimitReader(out, maxWorkerResult))
		_ = cmd.Wait()
		done <- data
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case data := <-done:
		return a.workerDone(data)
	}
}

// spawnWorker starts the worker in the first way that the system allows.
func (a *App) spawnWorker(input []byte) (cmd *exec.Cmd, out io.ReadCloser, err error) {
	for _, way := range detached() {
		cmd = exec.Command(a.Self, workerCommand) //nolint:forbidigo,gosec,noctx // our own program, which must outlive the context
		cmd.Env = a.Environ
		cmd.Stdin = bytes.NewReader(input)
		cmd.SysProcAttr = way
		if out, err = cmd.StdoutPipe(); err != nil {
			continue
		}
		if err = cmd.Start(); err == nil {
			break
		}
	}
	return cmd, out, err
}

// workerDone takes the outcome apart.
func (a *App) workerDone(data []byte) (*account.Renewal, error) {
	var r workerResult
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, errNoAnswer
	}
	_, _ = io.WriteString(a.Stderr, r.Notes)
	if f := r.Failure; f != nil {
		return nil, &Error{Exit: f.Exit, Code: f.Code, Message: f.Message, Hints: f.Hints}
	}
	return &r.Renewal, nil
}

// newWorkerCmd is the other end. Nobody types it.
func (a *App) newWorkerCmd() *cobra.Command {
	return &cobra.Command{
		Use: workerCommand, Hidden: true, Args: maxArgs(0), Short: "Renew one account's tokens (used by the program itself)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var job workerJob
			if err := json.NewDecoder(io.LimitReader(a.Stdin, maxWorkerResult)).Decode(&job); err != nil {
				return usagef("%s is for the program itself", workerCommand)
			}
			var notes bytes.Buffer
			a.Stderr, a.given, a.flags.debug, a.flags.noInput = &notes, job.Passphrase, job.Debug, true
			result := a.renewHere(cmd.Context(), job.Job)
			result.Notes = notes.String()
			data, err := json.Marshal(result)
			if err != nil {
				return err
			}
			a.print(string(data))
			return nil
		},
	}
}

// renewHere does the job in this process.
func (a *App) renewHere(ctx context.Context, job account.Job) workerResult {
	w, err := a.open()
	if err == nil {
		var done *account.Renewal
		if done, err = w.accounts.RenewHere(ctx, job); err == nil {
			return workerResult{Renewal: *done}
		}
	}
	e := describe(err)
	if errors.Is(err, context.Canceled) {
		e = &Error{Exit: exitFailure, Code: "interrupted", Message: "interrupted"}
	}
	return workerResult{Failure: &workerFailure{Exit: e.Exit, Code: e.Code, Message: e.Message, Hints: e.Hints}}
}
