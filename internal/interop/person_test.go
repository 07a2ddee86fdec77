package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// person is what somebody in front of a browser would type: into each form,
// the values for the fields that have these names; then the button.
type person struct {
	// Fields are typed into the inputs of that name.
	Fields map[string]string `json:"fields"`
	// Button is the value of the submit button that is pressed, if a form has several.
	Button string `json:"button"`
}

// journeyEnd is the last line of a journey.
const journeyEnd = "the end\n"

// playPerson is the whole life of a process started as $BROWSER: it opens the
// URL, fills in each form that comes, and ends on the first page without one.
// The journey, one line a page, goes to the file "journey" beside the program.
func playPerson(self string, args []string) int {
	dir := filepath.Dir(self)
	journey, err := os.OpenFile(filepath.Join(dir, "journey"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 2
	}
	defer func() { _ = journey.Close() }()
	var p person
	encoded, err := os.ReadFile(filepath.Join(dir, "person.json"))
	if err == nil {
		err = json.Unmarshal(encoded, &p)
	}
	if err == nil && len(args) != 1 {
		err = fmt.Errorf("a browser is started with one URL, got %d arguments", len(args))
	}
	if err == nil {
		err = p.visit(args[0], journey)
	}
	if err != nil {
		_, _ = fmt.Fprintln(journey, "error:", err)
	}
	_, _ = io.WriteString(journey, journeyEnd)
	return 0
}

// visit walks from address to the first page without a form.
func (p person) visit(address string, journey io.Writer) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	response, err := client.Get(address)
	for range 8 {
		if err != nil {
			return err
		}
		here := response.Request.URL
		_, _ = fmt.Fprintf(journey, "%d %s\n", response.StatusCode, here.Redacted())
		page, readErr := html.Parse(io.LimitReader(response.Body, 1<<20))
		_ = response.Body.Close()
		if readErr != nil {
			return readErr
		}
		form := find(page, "form")
		if form == nil {
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("the last page has status %d", response.StatusCode)
			}
			return nil
		}
		response, err = p.submit(client, here, form)
	}
	return errors.New("too many pages")
}

// submit fills in a form and presses its button, as HTML says.
func (p person) submit(client *http.Client, here *url.URL, form *html.Node) (*http.Response, error) {
	values := url.Values{}
	for node := range form.Descendants() {
		name, value := attribute(node, "name"), attribute(node, "value")
		switch {
		case node.Type != html.ElementNode || name == "":
		case node.Data == "input" && attribute(node, "type") != "submit":
			if typed, ok := p.Fields[name]; ok {
				value = typed
			}
			values.Set(name, value)
		case value == p.Button:
			values.Set(name, value)
		}
	}
	target, err := here.Parse(attribute(form, "action"))
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(attribute(form, "method"), "post") {
		return client.PostForm(target.String(), values)
	}
	target.RawQuery = values.Encode()
	return client.Get(target.String())
}

func find(node *html.Node, element string) *html.Node {
	for child := range node.Descendants() {
		if child.Type == html.ElementNode && child.Data == element {
			return child
		}
	}
	return nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
