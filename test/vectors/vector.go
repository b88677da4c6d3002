package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

// fields holds the values of one message by the names that the TypeScript table gives them. 64-bit integers are decimal
// strings, because JSON readers round numbers; byte strings are {"bytes": hex}, binary data is {"data": hex}.
type fields map[string]any

// vector is one encoded message. A bare record (a header) has an empty direction.
type vector struct {
	Message   string `json:"message"`
	Direction string `json:"direction"`
	Case      string `json:"case"`
	Hex       string `json:"hex"`
	Fields    fields `json:"fields"`
}

// encoder is what every lisafs message implements.
type encoder interface {
	SizeBytes() int
	MarshalBytes(dst []byte) []byte
}

type vectors []vector

func (v *vectors) request(message, name string, value encoder, f fields) {
	v.add(message, "request", name, encode(value), f)
}

func (v *vectors) reply(message, name string, value encoder, f fields) {
	v.add(message, "reply", name, encode(value), f)
}

func (v *vectors) add(message, direction, name string, encoded []byte, f fields) {
	*v = append(*v, vector{message, direction, name, hex.EncodeToString(encoded), f})
}

// encode has the value write itself into exactly the space that it asks for.
func encode(value encoder) []byte {
	encoded := make([]byte, value.SizeBytes())
	if rest := value.MarshalBytes(encoded); len(rest) != 0 {
		panic(fmt.Sprintf("%T left %d bytes of its own size unwritten", value, len(rest)))
	}
	return encoded
}

// json gives one vector a line, so that a change shows as a line.
func (v vectors) json() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, one := range v {
		line, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		out.Write(line)
		if i < len(v)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("]\n")
	return out.Bytes(), nil
}

func unsigned[T ~uint64](value T) string { return strconv.FormatUint(uint64(value), 10) }

func signed(value int64) string { return strconv.FormatInt(value, 10) }

func byteString[T ~string](value T) fields { return fields{"bytes": hex.EncodeToString([]byte(value))} }

func data[T ~string | ~[]byte](value T) fields {
	return fields{"data": hex.EncodeToString([]byte(value))}
}

func list[T any](values []T, convert func(T) any) []any {
	converted := []any{}
	for _, value := range values {
		converted = append(converted, convert(value))
	}
	return converted
}
