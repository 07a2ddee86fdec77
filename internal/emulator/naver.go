package emulator

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// Naver: state everywhere, expires_in as text, errors with status 200, a
// profile in an envelope, tokens with + / and =.
func naverStyle() *style {
	opaque := func(prefix string) func([]byte) string {
		// The tail makes sure that each token has characters that must be escaped.
		return func(random []byte) string {
			return prefix + "emulated" + base64.RawStdEncoding.EncodeToString(random) + "+/8="
		}
	}
	return &style{
		accessTTL:        time.Hour,
		refreshTTL:       365 * 24 * time.Hour,
		stateRequired:    true,
		tokenByGet:       true,
		redirectOptional: true,
		anyLoopback:      true,
		accessToken:      opaque("AAAA"),
		refreshToken:     opaque("R"),
		answer: func(c *call, t issued) object {
			answer := object{{"access_token", t.access.value}}
			if t.refresh != "" {
				answer = append(answer, member{"refresh_token", t.refresh})
			}
			if t.idToken != "" {
				answer = append(answer, member{"id_token", t.idToken})
			}
			return append(answer, member{"token_type", "bearer"},
				member{"expires_in", strconv.FormatInt(c.lifetime(t.access), 10)})
		},
		tokenError: naverTokenError,
		apiError:   naverAPIError,
		profile:    naverProfile,
		introspection: func(_ *call, _ *access) reply {
			return reply{body: object{{"resultcode", "00"}, {"message", "success"}}}
		},
		idClaims: func(*call, *grant) object { return nil },
	}
}

// naverTokenError: the status is 200 whatever went wrong, unless a fault says
// otherwise.
func naverTokenError(_ *call, f failure) reply {
	code, text, code200 := f.rfcError()
	switch f.reason {
	case badCode, spentCode, badRefresh:
		code, text = "invalid_request", "no valid data in session"
	case forced:
		if code200 >= http.StatusInternalServerError || code200 == http.StatusTooManyRequests {
			return status(code200, object{{"error", code}, {"error_description", text}})
		}
	default:
	}
	return status(http.StatusOK, object{{"error", code}, {"error_description", text}})
}

func naverAPIError(_ *call, f failure) reply {
	r := reply{
		status: http.StatusUnauthorized,
		header: map[string]string{"WWW-Authenticate": `Bearer realm="https://nid.naver.com"`},
		body:   object{{"resultcode", "024"}, {"message", "Authentication failed (인증 실패하였습니다.)"}},
	}
	if f.reason == notAllowed {
		r.status, r.body = http.StatusForbidden, object{{"resultcode", "403"}, {"message", "Forbidden (호출 권한이 없습니다.)"}}
	}
	return r
}

func naverProfile(c *call, a *access) reply {
	p := a.grant.person
	o := object{{"id", c.subject(a.grant)}}
	if p.Username != "" {
		o = append(o, member{"nickname", p.Username})
	}
	o = append(o, member{"profile_image", c.pictureURL(p)})
	if email := c.email(p); email != "" {
		o = append(o, member{"email", email})
	}
	o = append(o, member{"name", p.Name})
	return reply{body: object{{"resultcode", "00"}, {"message", "success"}, {"response", o}}}
}
