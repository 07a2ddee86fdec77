package jose_test

import (
	"context"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
)

// The examples of RFC 7515 appendix A that are JWTs, with their keys. All three
// have the payload of A.1: issuer joe, expiring at 1300819380.
func TestRFC7515AppendixA(t *testing.T) {
	const payload = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	examples := []struct{ name, key, token string }{
		{
			"A.1 HS256",
			`{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`,
			"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + payload + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		},
		{
			"A.2 RS256",
			`{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`,
			"eyJhbGciOiJSUzI1NiJ9" + payload + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		},
		{
			"A.3 ES256",
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9" + payload + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
	}
	verifier := func(key *jose.Key) *jose.Verifier {
		return &jose.Verifier{
			Keys: jose.NewSet(key), Issuers: []string{"joe"}, SkipAudience: true,
			Now: func() time.Time { return time.Unix(1300819379, 0) },
		}
	}
	for i, e := range examples {
		key, err := jose.ParseJWK([]byte(e.key))
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		good, err := verifier(key).Verify(context.Background(), []byte(e.token))
		if err != nil {
			t.Errorf("%s: %v", e.name, err)
			continue
		}
		if want := "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"; string(good.Payload) != want {
			t.Errorf("%s: the payload is %q, want its exact bytes %q", e.name, good.Payload, want)
		}
		other := examples[(i+1)%len(examples)].token
		if _, err := verifier(key).Verify(context.Background(), []byte(other)); err == nil {
			t.Errorf("the key of %s verifies another example's token", e.name)
		}
		// A.5: the same claims, unsecured.
		if _, err := verifier(key).Verify(context.Background(), []byte("eyJhbGciOiJub25lIn0"+payload)); err == nil {
			t.Errorf("the key of %s verifies the unsecured token of A.5", e.name)
		}
	}
}
