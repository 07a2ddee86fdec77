package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/secret"
)

func TestTextNeverPrintsItself(t *testing.T) {
	const canary = "CANARY-SECRET-1"
	holder := struct {
		Token secret.Text
		Ptr   *secret.Text
		List  []secret.Text
	}{secret.New(canary), new(secret.Text), []secret.Text{secret.New(canary)}}
	*holder.Ptr = secret.New(canary)

	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		printed = append(printed, fmt.Sprintf(verb, holder), fmt.Sprintf(verb, &holder), fmt.Sprintf(verb, holder.Token))
	}
	data, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", holder.Token, "all", holder)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", holder.Token, "all", holder)
	printed = append(printed, string(data), log.String(), fmt.Errorf("failed with %v", holder.Token).Error())

	for _, p := range printed {
		if strings.Contains(p, canary) || strings.Contains(p, fmt.Sprintf("%x", canary)) {
			t.Errorf("printed the secret: %s", p)
		}
	}
	if holder.Token.Reveal() != canary || !holder.Token.Equal(canary) || holder.Token.Equal("x") {
		t.Error("Reveal or Equal is wrong")
	}
}
