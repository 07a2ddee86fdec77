package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// A record's file is
//
//	"socialauth-record-v1\n" | length of the header, 4 bytes big-endian | header, JSON | nonce, 12 bytes | sealed body
//
// and everything before the nonce is the associated data of the seal.
const (
	recordMagic   = "socialauth-record-v"
	recordVersion = 1
	nonceSize     = 12
	tagSize       = 16
	maxHeader     = 256 << 10
	maxBody       = 8 << 20
	maxRecord     = maxBody + maxHeader + 1<<10
)

// Record is one record: its name, what may be shown without a key, and what
// may not.
type Record struct {
	Name
	Meta    json.RawMessage // a JSON value in clear, authenticated by the seal; may be nil
	Body    []byte          // sealed; at most 8 MiB
	Updated time.Time       // set by Update, in UTC, to the second
}

// Format implements [fmt.Formatter] and never prints the body (row S19).
func (r Record) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%s %q (updated %s, body [redacted])", r.Kind, r.ID, r.Updated.Format(time.RFC3339))
}

// MarshalJSON never writes the body.
func (r Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"kind": r.Kind, "id": r.ID, "updated": r.Updated, "meta": r.Meta, "body": "[redacted]"})
}

// LogValue implements [slog.LogValuer].
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%v", r)) }

func (r *Record) clone() *Record {
	if r == nil {
		return nil
	}
	c := *r
	c.Meta, c.Body = bytes.Clone(r.Meta), bytes.Clone(r.Body)
	return &c
}

func (r *Record) same(o *Record) bool {
	return o != nil && bytes.Equal(r.Meta, o.Meta) && bytes.Equal(r.Body, o.Body)
}

// recordHeader is the part of a record in clear. Fields may be added to it
// without a new format version: they are authenticated as bytes.
type recordHeader struct {
	Vault   string          `json:"vault"`
	Kind    string          `json:"kind"`
	ID      string          `json:"id"`
	Updated time.Time       `json:"updated"`
	Meta    json.RawMessage `json:"meta,omitempty"`
}

func (h *recordHeader) name() Name { return Name{Kind: h.Kind, ID: h.ID} }

// recordKey derives the key of one record, so that no two records share one and
// a file copied to another name does not open.
func recordKey(k *vaultKey, n Name) (cipher.AEAD, error) {
	info := strings.Join([]string{"socialauth record v1", k.id, n.Kind, n.ID}, "\x00")
	key, err := hkdf.Key(sha256.New, k.bytes[:], nil, info, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the record key: %w", err)
	}
	return newGCM(key)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("set up AES: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("set up GCM: %w", err)
	}
	return aead, nil
}

// normalize checks what a caller hands in and brings Meta to the form in which
// it is stored, so that a comparison with the stored record is one of bytes.
func (r *Record) normalize() error {
	if len(r.Body) > maxBody {
		return &TooBigError{Limit: maxBody, Size: len(r.Body)}
	}
	if len(r.Meta) == 0 {
		r.Meta = nil
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, r.Meta); err != nil {
		return fmt.Errorf("the record's metadata is not JSON: %w", err)
	}
	r.Meta = b.Bytes()
	if len(r.Meta) > maxHeader/2 {
		return &TooBigError{Limit: maxHeader / 2, Size: len(r.Meta)}
	}
	return nil
}

// seal returns the bytes of the record's file.
func seal(k *vaultKey, r *Record) ([]byte, error) {
	var head bytes.Buffer
	enc := json.NewEncoder(&head)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(recordHeader{Vault: k.id, Kind: r.Kind, ID: r.ID, Updated: r.Updated, Meta: r.Meta}); err != nil {
		return nil, fmt.Errorf("write the record's header: %w", err)
	}
	aead, err := recordKey(k, r.Name)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(recordMagic)+8+head.Len()+nonceSize+len(r.Body)+tagSize)
	out = append(out, recordMagic+strconv.Itoa(recordVersion)+"\n"...)
	out = binary.BigEndian.AppendUint32(out, uint32(head.Len())) //nolint:gosec // bounded by normalize
	out = append(out, head.Bytes()...)
	aad := len(out)
	out = append(out, make([]byte, nonceSize)...)
	rand.Read(out[aad:])
	return aead.Seal(out, out[aad:aad+nonceSize], r.Body, out[:aad]), nil
}

// parsed is a record's file taken apart, nothing of it believed yet.
type parsed struct {
	header             recordHeader
	aad, nonce, sealed []byte
}

var (
	errNewerRecord = errors.New("newer version")
	errShort       = errors.New("it ends too early")
)

// parseHeader reads the part in clear from r and returns it with the bytes
// that it was made of. The second result is the version if it is not ours.
func parseHeader(r io.Reader) (h recordHeader, aad []byte, version int, err error) {
	version, line, err := parseMagic(r)
	if err != nil {
		return h, nil, version, err
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return h, nil, version, errShort
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxHeader {
		return h, nil, version, errors.New("its header is too long")
	}
	head, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil || len(head) != int(n) {
		return h, nil, version, errShort
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return h, nil, version, errors.New("its header is not JSON")
	}
	if err := h.name().validate(); err != nil {
		return h, nil, version, errors.New("its header has no valid name")
	}
	aad = append(line, size[:]...)
	return h, append(aad, head...), version, nil
}

// parseMagic reads the first line byte by byte, so that nothing after it is consumed.
func parseMagic(r io.Reader) (version int, line []byte, err error) {
	const longest = len(recordMagic) + 6
	for one := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")); line = append(line, one[0]) {
		if len(line) == longest {
			return 0, nil, errors.New("it is not a record")
		}
		if _, err := io.ReadFull(r, one); err != nil {
			return 0, nil, errShort
		}
	}
	digits, ok := bytes.CutPrefix(line[:len(line)-1], []byte(recordMagic))
	version, err = strconv.Atoi(string(digits))
	if !ok || err != nil || version < 1 || strconv.Itoa(version) != string(digits) {
		return 0, nil, errors.New("it is not a record")
	}
	if version > recordVersion {
		return version, line, errNewerRecord
	}
	return version, line, nil
}

func parseRecord(data []byte) (p parsed, version int, err error) {
	r := bytes.NewReader(data)
	p.header, p.aad, version, err = parseHeader(r)
	if err != nil {
		return p, version, err
	}
	rest := data[len(data)-r.Len():]
	if len(rest) < nonceSize+tagSize {
		return p, version, errShort
	}
	p.nonce, p.sealed = rest[:nonceSize], rest[nonceSize:]
	return p, version, nil
}

// unseal checks and opens the bytes of the file at path as the record name.
func unseal(k *vaultKey, name Name, path string, data []byte) (*Record, error) {
	p, version, err := parseRecord(data)
	if errors.Is(err, errNewerRecord) {
		return nil, &NewerVersionError{What: path, Version: version}
	}
	if err != nil {
		return nil, &RecordDamagedError{path, err.Error()}
	}
	if p.header.name() != name {
		return nil, &RecordDamagedError{path, fmt.Sprintf("it holds %s %q", p.header.Kind, p.header.ID)}
	}
	if p.header.Vault != k.id {
		return nil, &RecordDamagedError{path, "it belongs to another vault"}
	}
	aead, err := recordKey(k, name)
	if err != nil {
		return nil, err
	}
	body, err := aead.Open(nil, p.nonce, p.sealed, p.aad)
	if err != nil {
		return nil, &RecordDamagedError{path, "its seal does not fit"}
	}
	return &Record{Name: name, Meta: p.header.Meta, Body: body, Updated: p.header.Updated}, nil
}
