package provider

// Provider is one authorization server as data: where its endpoints are, what
// it wants to be sent, and which of the known oddities it has. Field names are
// those of RFC 8414 where one exists. The JSON form is what `provider show
// --json` prints; the TOML form is the data file.
type Provider struct {
	// ID is the name people type; it equals the data file's name.
	ID string `toml:"id" json:"id"`
	// Name is the name people read.
	Name string `toml:"name" json:"name"`
	// Protocol is "oauth2" or "oidc". With "oidc" an ID token is required from
	// every sign-in and always checked.
	Protocol Protocol `toml:"protocol" json:"protocol"`
	// APIVersion replaces {api_version} in every endpoint. After decoding the
	// endpoints hold the version itself.
	APIVersion string `toml:"api_version" json:"api_version,omitempty"`

	Issuer                      string `toml:"issuer" json:"issuer,omitempty"`
	AuthorizationEndpoint       string `toml:"authorization_endpoint" json:"authorization_endpoint"`
	TokenEndpoint               string `toml:"token_endpoint" json:"token_endpoint"`
	UserinfoEndpoint            string `toml:"userinfo_endpoint" json:"userinfo_endpoint,omitempty"`
	RevocationEndpoint          string `toml:"revocation_endpoint" json:"revocation_endpoint,omitempty"`
	IntrospectionEndpoint       string `toml:"introspection_endpoint" json:"introspection_endpoint,omitempty"`
	DeviceAuthorizationEndpoint string `toml:"device_authorization_endpoint" json:"device_authorization_endpoint,omitempty"`
	JWKSURI                     string `toml:"jwks_uri" json:"jwks_uri,omitempty"`

	// Hosts lists every host the endpoints may be on; a token leaves for no other.
	Hosts []string `toml:"hosts" json:"hosts"`
	// IssuerAliases are further spellings of Issuer allowed in an ID token.
	IssuerAliases []string `toml:"issuer_aliases" json:"issuer_aliases,omitempty"`
	// IssInResponse: the callback always carries iss (RFC 9207); a missing one is refused.
	IssInResponse bool `toml:"authorization_response_iss_parameter_supported" json:"authorization_response_iss_parameter_supported,omitempty"`

	// Scopes are asked for when the person names none.
	Scopes []string `toml:"scopes" json:"scopes"`
	// OptionalScopes are not asked for by default because an app must first be
	// allowed to: a provider may refuse the whole request for one of them.
	OptionalScopes []string `toml:"optional_scopes" json:"optional_scopes,omitempty"`
	ScopeSeparator string   `toml:"scope_separator" json:"scope_separator"`
	// AuthorizationParams go into every authorization request.
	AuthorizationParams map[string]string `toml:"authorization_params" json:"authorization_params,omitempty"`

	TokenEndpointAuthMethod AuthMethod      `toml:"token_endpoint_auth_method" json:"token_endpoint_auth_method"`
	CodeChallengeMethod     ChallengeMethod `toml:"code_challenge_method" json:"code_challenge_method"`
	ClientSecret            SecretRule      `toml:"client_secret" json:"client_secret"`
	Redirect                Redirect        `toml:"redirect" json:"redirect"`

	// Refresh says what renews an access token, Rotation what happens to the
	// refresh token then, Lifetime what a missing expires_in means.
	Refresh       RefreshStyle       `toml:"refresh" json:"refresh"`
	Rotation      Rotation           `toml:"rotation" json:"rotation,omitempty"`
	Lifetime      Lifetime           `toml:"lifetime" json:"lifetime,omitempty"`
	Revocation    RevocationStyle    `toml:"revocation" json:"revocation"`
	Introspection IntrospectionStyle `toml:"introspection" json:"introspection"`
	// Device says which protocol device_authorization_endpoint speaks.
	Device DeviceStyle `toml:"device" json:"device,omitempty"`

	Profile ProfileMap `toml:"profile" json:"profile"`
	// Quirks are the oddities no field above can say, from the closed list of [Quirk].
	Quirks []Quirk `toml:"quirks" json:"quirks"`

	// Console is the page where an app is registered, Documentation the page
	// the facts come from, Checked the day they were compared (YYYY-MM-DD),
	// Grade how good the evidence is (A vendor, B library or experiment, C other).
	Console       string `toml:"console" json:"console,omitempty"`
	Documentation string `toml:"documentation" json:"documentation"`
	Checked       string `toml:"checked" json:"checked"`
	Grade         string `toml:"grade" json:"grade"`
}

// Redirect says which redirect_uri the provider lets a program on the person's
// own machine use.
type Redirect struct {
	// Scheme is "http" or "https".
	Scheme string `toml:"scheme" json:"scheme"`
	// Host is "127.0.0.1", "[::1]" or "localhost".
	Host string `toml:"host" json:"host"`
	// Port is "any" (RFC 8252 section 7.3) or "fixed" (it must equal the registered one).
	Port PortRule `toml:"port" json:"port"`
	// DefaultPort is used with "fixed" when the person names none.
	DefaultPort int `toml:"default_port" json:"default_port,omitempty"`
	// Path starts with a slash.
	Path string `toml:"path" json:"path"`
	// Register says in one sentence what to type in the console.
	Register string `toml:"register" json:"register,omitempty"`
}

// ProfileMap says where the fields of a normalised identity stand in the
// provider's answer. Every value is a dotted path ("kakao_account.email"); of
// several the first that is present and not empty counts.
type ProfileMap struct {
	Sub      []string `toml:"sub" json:"sub"`
	Username []string `toml:"username" json:"username,omitempty"`
	Name     []string `toml:"name" json:"name,omitempty"`
	Email    []string `toml:"email" json:"email,omitempty"`
	Picture  []string `toml:"picture" json:"picture,omitempty"`
	// EmailVerified: all of these must be JSON true.
	EmailVerified []string `toml:"email_verified" json:"email_verified,omitempty"`
	// EmailPresent: the provider shows only confirmed addresses (X).
	EmailPresent bool `toml:"email_present_means_verified" json:"email_present_means_verified,omitempty"`
	// EmailsEndpoint lists addresses with "email", "primary" and "verified" (GitHub).
	EmailsEndpoint string `toml:"emails_endpoint" json:"emails_endpoint,omitempty"`
	// SuccessPath must hold SuccessValue, else the answer is an error (Naver).
	SuccessPath  string `toml:"success_path" json:"success_path,omitempty"`
	SuccessValue string `toml:"success_value" json:"success_value,omitempty"`
}

// The enumerations below are closed: the loader refuses any other value.
type (
	// Protocol is "oauth2" or "oidc".
	Protocol string
	// AuthMethod is a token_endpoint_auth_method of RFC 7591 section 2. A client
	// without a secret always uses "none" (client_id in the body).
	AuthMethod string
	// ChallengeMethod is a code_challenge_method of RFC 7636, or "none".
	ChallengeMethod string
	// SecretRule says whether a client_secret is "required", "optional" or "never" used.
	SecretRule string
	// PortRule is "any" or "fixed".
	PortRule string
	// RefreshStyle says what renews an access token.
	RefreshStyle string
	// Rotation says what a refresh does to the refresh token.
	Rotation string
	// Lifetime says what an answer without expires_in means.
	Lifetime string
	// RevocationStyle says how a grant is ended at the provider.
	RevocationStyle string
	// IntrospectionStyle says how the provider is asked about a token.
	IntrospectionStyle string
	// DeviceStyle says how a device without a browser signs in.
	DeviceStyle string
	// Quirk names one oddity, implemented once in package oauth and exercised
	// by the emulator.
	Quirk string
)

// Values of the enumerations.
const (
	OAuth2 Protocol = "oauth2"
	OIDC   Protocol = "oidc"

	ClientSecretPost  AuthMethod = "client_secret_post"
	ClientSecretBasic AuthMethod = "client_secret_basic"
	AuthNone          AuthMethod = "none"

	S256          ChallengeMethod = "S256"
	ChallengeNone ChallengeMethod = "none"

	SecretRequired SecretRule = "required"
	SecretOptional SecretRule = "optional"
	SecretNever    SecretRule = "never"

	PortAny   PortRule = "any"
	PortFixed PortRule = "fixed"

	RefreshToken   RefreshStyle = "refresh_token"
	RefreshFB      RefreshStyle = "fb_exchange_token"
	RefreshNone    RefreshStyle = "none"
	RotationNever  Rotation     = "never"       // the answer has no new refresh token
	RotationAlways Rotation     = "always"      // each answer has a new one, the old one is dead
	RotationLate   Rotation     = "near_expiry" // a new one only when the old one is about to expire (Kakao)
	RotationVaries Rotation     = "varies"

	LifetimeStated    Lifetime = ""          // a missing expires_in is "unknown"
	LifetimeUnlimited Lifetime = "unlimited" // a missing expires_in means it does not expire (GitHub OAuth Apps)

	RevokeRFC7009     RevocationStyle = "rfc7009"
	RevokePermissions RevocationStyle = "delete_permissions" // Facebook: DELETE …/{user-id}/permissions
	RevokeGitHub      RevocationStyle = "github_token"       // DELETE /applications/{client_id}/token, Basic, JSON body
	RevokeBearerPost  RevocationStyle = "bearer_post"        // Kakao: POST with the access token as bearer
	RevokeNone        RevocationStyle = "none"

	IntrospectRFC7662    IntrospectionStyle = "rfc7662"
	IntrospectDebugToken IntrospectionStyle = "debug_token"  // Facebook
	IntrospectTokenInfo  IntrospectionStyle = "tokeninfo"    // Google: ?access_token=
	IntrospectGitHub     IntrospectionStyle = "github_token" // POST /applications/{client_id}/token
	IntrospectBearerGet  IntrospectionStyle = "bearer_get"   // Kakao, Naver: GET with the bearer
	IntrospectNone       IntrospectionStyle = "none"

	DeviceRFC8628  DeviceStyle = ""               // the endpoint, if there is one, follows RFC 8628
	DeviceFacebook DeviceStyle = "facebook_login" // Facebook's own: an app token, then polls of device/login_status

	// QuirkErrorObject: "error" in a token answer or API answer is an object
	// {message,type,code,error_subcode,fbtrace_id} (Facebook).
	QuirkErrorObject Quirk = "error_object"
	// QuirkAppSecretProof: each API call carries appsecret_proof, the hex
	// HMAC-SHA256 of the access token under the client secret (Facebook).
	QuirkAppSecretProof Quirk = "appsecret_proof"
	// QuirkLongLivedExchange: the token of the code exchange is exchanged at
	// once for a long-lived one (fb_exchange_token).
	QuirkLongLivedExchange Quirk = "long_lived_exchange"
	// QuirkGrantedScopes: the callback carries granted_scopes and
	// denied_scopes (Facebook with return_scopes=true).
	QuirkGrantedScopes Quirk = "granted_scopes_in_callback"
	// QuirkFragmentTail: the browser lands on the redirect with a #_=_ tail.
	QuirkFragmentTail Quirk = "fragment_tail"
	// QuirkErrorWith200: token errors come with HTTP status 200 (GitHub).
	QuirkErrorWith200 Quirk = "error_with_200"
	// QuirkFormResponse: the token answer is form-encoded unless JSON is asked for (GitHub).
	QuirkFormResponse Quirk = "form_response"
	// QuirkStateInTokenRequest: state is repeated in the token request (Naver).
	QuirkStateInTokenRequest Quirk = "state_in_token_request"
	// QuirkExpiresInString: expires_in is a JSON string (Naver).
	QuirkExpiresInString Quirk = "expires_in_string"
	// QuirkNonceOptional: the ID token may lack the nonce; one that is there is still compared.
	QuirkNonceOptional Quirk = "nonce_optional"
	// QuirkNumericSub: the profile's identifier is a JSON number, kept as text.
	QuirkNumericSub Quirk = "numeric_sub"
)
