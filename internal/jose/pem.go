package jose

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

const maxPEM = 64 << 10 // row K17: decoding PEM has been quadratic

// ParsePEM reads one key from PEM: PKCS #8, PKCS #1 or SEC 1 private keys, public
// keys, or the key of a certificate, of which a [Verifier] checks the dates and
// nobody checks the issuer. alg
// fixes the algorithm; with "" an EC or Ed25519 key has its own and an RSA key
// signs with RS256 and verifies all of its family. Encrypted keys, several keys
// in one file, and files over 64 KiB are a *[KeyError] (row K17).
//
// The kid is the thumbprint, and a verifier takes the key for any kid.
func ParsePEM(data []byte, alg string) (*Key, error) {
	if len(data) > maxPEM {
		return nil, keyErrorf("a PEM file longer than %d bytes", maxPEM)
	}
	block, err := onePEM(data)
	if err != nil {
		return nil, err
	}
	material, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	if v, ok := material.(*rsa.PrivateKey); ok {
		if len(v.Primes) != 2 {
			return nil, keyErrorf("RSA keys with more than two primes are not supported")
		}
	}
	k, err := newKey(material, alg)
	if err == nil && block.Type == "CERTIFICATE" {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			k.validity = validity{cert.NotBefore, cert.NotAfter}
		}
	}
	return k, err
}

// onePEM returns the block that holds the key: the only one, but for the curve
// parameters OpenSSL writes before an EC key and the chain behind a certificate.
func onePEM(data []byte) (*pem.Block, error) {
	var found *pem.Block
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		switch {
		case block.Type == "EC PARAMETERS":
		case found == nil:
			found = block
		case found.Type == "CERTIFICATE" && block.Type == "CERTIFICATE":
		default:
			return nil, keyErrorf("more than one key in the PEM file")
		}
	}
	if found == nil {
		return nil, keyErrorf("there is no PEM block with a key in it")
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return nil, keyErrorf("a PEM block is damaged")
	}
	if found.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(found.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, keyErrorf("the private key is encrypted; decrypt it first")
	}
	return found, nil
}

func parseBlock(block *pem.Block) (any, error) {
	var (
		key any
		err error
	)
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "OPENSSH PRIVATE KEY":
		return nil, keyErrorf("an OpenSSH private key; convert it with: ssh-keygen -p -m PKCS8 -f FILE")
	default:
		return nil, keyErrorf("a PEM block of the type %+q holds no key", block.Type)
	}
	if err != nil {
		return nil, keyErrorf("the %s block cannot be read: %+q", strings.ToLower(block.Type), err.Error())
	}
	return key, nil
}

// PEM writes the key: PKCS #8 if private, else SubjectPublicKeyInfo. A shared
// secret has no PEM form.
func (k *Key) PEM(private bool) ([]byte, error) {
	switch {
	case k.IsSymmetric():
		return nil, &KeyError{k.kid, "a shared secret has no PEM form; export it as a JWK"}
	case private && !k.IsPrivate():
		return nil, &KeyError{k.kid, "there is no private part"}
	}
	block := &pem.Block{Type: "PUBLIC KEY"}
	var err error
	if private {
		block.Type = "PRIVATE KEY"
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(k.private)
	} else {
		block.Bytes, err = x509.MarshalPKIXPublicKey(k.public)
	}
	if err != nil {
		return nil, &KeyError{k.kid, "it cannot be written as PEM"}
	}
	return pem.EncodeToMemory(block), nil
}
