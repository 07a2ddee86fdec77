package jose

import "bytes"

// Opaque is what the beginning of an opaque token gives away.
type Opaque struct {
	Provider string // id of the provider, "" if the beginning is not known
	Kind     string // access_token, refresh_token, authorization_code, api_key, app_token, session, paseto; "" if unknown
}

// recognise knows tokens by their beginnings, as their issuers document them or
// use them. The longer beginning stands first.
func recognise(token []byte) *Opaque {
	for _, known := range [...]struct{ prefix, provider, kind string }{
		{"github_pat_", "github", "access_token"},
		{"ghp_", "github", "access_token"},
		{"gho_", "github", "access_token"},
		{"ghu_", "github", "access_token"},
		{"ghs_", "github", "access_token"},
		{"ghr_", "github", "refresh_token"},
		{"ya29.", "google", "access_token"},
		{"1//", "google", "refresh_token"},
		{"4/0", "google", "authorization_code"},
		{"GOCSPX-", "google", "client_secret"},
		{"AIza", "google", "api_key"},
		{"EAA", "facebook", "access_token"},
		{"IGA", "instagram", "access_token"},
		{"IGQ", "instagram", "access_token"},
		{"AAAAAAAAAAAAAAAAAAAA", "x", "app_token"},
		{"xoxb-", "slack", "access_token"},
		{"xoxp-", "slack", "access_token"},
		{"xoxe.", "slack", "access_token"},
		{"xoxe-", "slack", "refresh_token"},
		{"xapp-", "slack", "app_token"},
		{"glpat-", "gitlab", "access_token"},
		{"gloas-", "gitlab", "client_secret"},
		{"Atza|", "amazon", "access_token"},
		{"Atzr|", "amazon", "refresh_token"},
		{"npm_", "npm", "access_token"},
		{"pypi-", "pypi", "api_key"},
		{"dop_v1_", "digitalocean", "access_token"},
		{"doo_v1_", "digitalocean", "access_token"},
		{"dor_v1_", "digitalocean", "refresh_token"},
		{"shpat_", "shopify", "access_token"},
		{"hf_", "huggingface", "access_token"},
		{"SG.", "sendgrid", "api_key"},
		{"v1.local.", "", "paseto"},
		{"v1.public.", "", "paseto"},
		{"v2.local.", "", "paseto"},
		{"v2.public.", "", "paseto"},
		{"v3.local.", "", "paseto"},
		{"v3.public.", "", "paseto"},
		{"v4.local.", "", "paseto"},
		{"v4.public.", "", "paseto"},
	} {
		if bytes.HasPrefix(token, []byte(known.prefix)) {
			return &Opaque{known.provider, known.kind}
		}
	}
	// Facebook's application token is the numeric application id, a bar and a secret.
	if id, rest, ok := bytes.Cut(token, []byte("|")); ok && len(id) >= 5 && len(rest) >= 8 && digits(id) {
		return &Opaque{"facebook", "app_token"}
	}
	return nil
}

func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// looksLikeJWT reports whether text begins as a JOSE header does, an opening
// brace in base64, and has a dot. It is a guess.
func looksLikeJWT(text []byte) bool {
	return len(text) > 2 && text[0] == 'e' && (text[1] == 'y' || text[1] == 'w') && bytes.IndexByte(text, '.') > 0
}
