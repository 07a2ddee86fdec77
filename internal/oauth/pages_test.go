package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func checkPageHeaders(t *testing.T, resp *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Security-Policy": securityPolicy(),
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestPages(t *testing.T) { // L26, L27, L28
	for _, p := range []page{
		pageSuccess(), pageDenied(), pageFailed(), pageWorking(), pageNotOurs(),
		pageRefused(400), pageRefused(403), pageRefused(404), pageRefused(405),
	} {
		w := httptest.NewRecorder()
		writePage(w, p)
		resp := w.Result()
		checkPageHeaders(t, resp)
		if resp.StatusCode != p.status {
			t.Errorf("status %d, want %d", resp.StatusCode, p.status)
		}
		html := w.Body.String()
		for _, must := range []string{
			"<!DOCTYPE html>", `<html lang="en">`, `<meta name="viewport"`, "<title>", "<main", "<h1>" + p.title + "</h1>",
			"prefers-color-scheme:dark", "<style>" + pageStyle + "</style>",
		} {
			if !strings.Contains(html, must) {
				t.Errorf("%s: the page lacks %q", p.title, must)
			}
		}
		if bad := regexp.MustCompile(`(?i)<script|<link|<img|<a |https?:|\bon\w+=|style="|url\(`).FindString(html); bad != "" {
			t.Errorf("%s: the page has %q", p.title, bad)
		}
	}
	if strings.Contains(securityPolicy(), "unsafe") || !strings.Contains(securityPolicy(), "default-src 'none'") {
		t.Errorf("policy: %s", securityPolicy())
	}
}

// Nothing a request carries appears in an answer.
func TestNoReflection(t *testing.T) { // L26
	const marker = "zq9marker"
	w := wait(t, literal(), nil)
	for _, payload := range []string{
		"<script>" + marker + "</script>", `"'><img src=x onerror=` + marker + ">", "</style><script>" + marker, "{{." + marker + "}}",
		"+ADw-script+AD4-" + marker, "javascript:" + marker,
	} {
		e := url.QueryEscape(payload)
		for _, target := range []string{
			"/callback?error=" + e, "/callback?error_description=" + e, "/callback?error_uri=" + e, "/callback?state=" + e,
			"/callback?" + e + "=1", "/callback?code=" + e + "&iss=" + e, "/" + url.PathEscape(payload), "/done?" + e,
		} {
			resp, body := w.raw("GET " + target + " HTTP/1.1\r\nHost: " + w.address() + "\r\nReferer: http://" + marker + "/\r\nConnection: close\r\n\r\n")
			if strings.Contains(body, marker) || strings.Contains(strings.Join(resp.Header.Values("Location"), ""), marker) {
				t.Errorf("%s is reflected: %s", target, body)
			}
			checkPageHeaders(t, resp)
		}
	}
	w.stillWaiting()
}
