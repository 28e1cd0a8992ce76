"""The product's version: here, because an image holds the packages and no metadata of theirs."""

VERSION = "0.1.0"
