"""Hashes made elsewhere: by other programs in their own words, or published with their schemes.

Costs are low where the maker allows it, so that the tests are fast. Commands, for a new row:
`argon2 SALT -id -k 256 -t 2 -e`, `mkpasswd -m yescrypt`, `htpasswd -bnB`, `openssl passwd -6`,
PHP's `password_hash` and `crypt`, Django's hashers, Werkzeug's `generate_password_hash`."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "pässwörd ☃"


@dataclass(frozen=True)
class Row:
    scheme: str
    made_by: str
    stored: str
    password: str = PASSWORD


DIGITS = "0123456789" * 10
"""100 bytes, more than bcrypt takes."""

CUT_BY_ITS_MAKER = Row(
    "bcrypt",
    "php-password_hash-of-100-bytes",
    "$2y$04$DwW.m1gxacGKB8y3k7Ww9eRb2LWu3JYQpxPiWY1BM3P0orXCzobPK",
    DIGITS,
)

HASHES = (
    # argon2's own test.c
    Row(
        "argon2id",
        "argon2-published",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "password",
    ),
    # OpenBSD's and crypt_blowfish's test
    Row(
        "bcrypt",
        "openbsd-published",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "U*U",
    ),
    # Drepper, "Unix crypt using SHA-256 and SHA-512"
    Row(
        "sha256-crypt",
        "drepper-published",
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
        "Hello world!",
    ),
    Row(
        "sha512-crypt",
        "drepper-published",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJue"
        "sI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        "Hello world!",
    ),
    # RFC 7914, section 12, in Werkzeug's notation
    Row(
        "werkzeug-scrypt",
        "rfc-7914-published",
        "scrypt:1024:8:16$NaCl$"
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        "password",
    ),
    CUT_BY_ITS_MAKER,
    Row(
        "argon2id",
        "argon2-cli",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$PZNKf9iLzb8JTmJhCtWW/upKOBXan9nuOkQgMDol/MI",
    ),
    Row(
        "argon2i",
        "argon2-cli",
        "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$I+TNfC2rkZbZenSFA7DeLWUorjFYZQubUPpYHFHwZl0",
    ),
    Row(
        "argon2d",
        "argon2-cli",
        "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$IoRDvYAPh8jRuVaIRbY3SQzkTXIdamhP2T6U6wftqZU",
    ),
    Row(
        "argon2i",
        "argon2-cli-version-1.0",
        "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$PFEqjYFPH0puKUkTqBXiO8EvlLzcyh/6uVQPbvOktWM",
    ),
    Row(
        "argon2id",
        "php-password_hash",
        "$argon2id$v=19$m=256,t=2,p=1$QTBObHdvT3lZWk9OaTJDQw$j9JHfOfwElPuHUPA4URLXK7GXLiDjQzPsuz5"
        "s9R9AN8",
    ),
    Row(
        "bcrypt",
        "php-password_hash",
        "$2y$04$QKskPq0X/Wghk1gAtQZR8uaNH8FYLEvYpjdQxnelGxHw/DRp5NTHS",
    ),
    Row(
        "bcrypt",
        "php-crypt-2x",
        "$2x$04$abcdefghijklmnopqrstuuhBF8u4mevFo7yKOCEM1lmITFEw1fV0a",
    ),
    Row(
        "bcrypt",
        "php-crypt-2a",
        "$2a$04$abcdefghijklmnopqrstuu4SmA3hVMbWKmJVGcHRDZ6Y7bUU/SMZe",
    ),
    Row(
        "sha512-crypt",
        "php-crypt",
        "$6$rounds=1000$usesomesillystri$1efbHAmZCKCygIHpItKxnuybDVWtlpVSoKnuaJBZgD5eIrkt772znd9j"
        "m6fY/6IozJHmevGVgJ4X.A9j4CE97/",
    ),
    Row(
        "sha256-crypt",
        "php-crypt",
        "$5$rounds=1000$usesomesillystri$D1uLJuXuAkAYSSghO5SDQqTU.ZiS5fHjsVyUvW6ymO0",
    ),
    Row(
        "md5-crypt",
        "php-crypt",
        "$1$rasmusle$vADYyHTCmfEcOIFIZbPyc0",
    ),
    Row(
        "des-crypt",
        "php-crypt",
        "rlLdPs7W/EpW.",
    ),
    Row(
        "bcrypt",
        "htpasswd",
        "$2y$04$HFdYgx7aEUzTHXzFte4n4OCZccaB9qGq4MICrdoHSHnC4wLWoWXGK",
    ),
    Row(
        "bcrypt",
        "mkpasswd",
        "$2b$05$5HAV5sjDY1SNFwz5/VM7VOivTlxRcGeo6fPhNUAcq/MHgMjyH85YK",
    ),
    Row(
        "bcrypt",
        "mkpasswd-2a",
        "$2a$05$Vvtmd4RvnztDHTVvAi/KxeBA/87IZgqbuQAR5p1JZlaRr93ZGX6W.",
    ),
    Row(
        "yescrypt",
        "mkpasswd",
        "$y$j75$v6I1q.jfaPkLp6Y7wFYi2.$gsEtjsp7EWG7zcZorCbI/anpHtWykET8DanMJbwdO27",
    ),
    Row(
        "yescrypt",
        "mkpasswd-default-cost",
        "$y$j9T$MaY7XTWX7sDCITEU.IbEe/$RrGVg2Z6WgfOr7vQCdb1dXurT6QR2QjstsaRDu3Asa9",
    ),
    Row(
        "sha512-crypt",
        "mkpasswd",
        "$6$rounds=1000$sHjHcee6kjBDsN2g$m8QsyjHlRBQpWEBSu7y9G1gSyq8N2tvParU3feU6yXniZ7YL7MLMrcoq"
        "p.a6PJPWwvFYkuLMLCWHKst3tO6qu1",
    ),
    Row(
        "des-crypt",
        "mkpasswd",
        "kTzY/9Z3bk4zA",
    ),
    Row(
        "sha512-crypt",
        "openssl",
        "$6$wPXhhE4wQoIHTZgG$Ab0ubOmBF5Xy.rLk57z8QQhhY6zi4H2gIFyIwEQ0j5txAq4XZZGKzfzcr0rNw9yMJF4i"
        "8nOdz0HegIFEGK5Co0",
    ),
    Row(
        "sha256-crypt",
        "openssl",
        "$5$B5RKlZPyGPu2niym$hfGzVTHUg/1gCu0O6r4VO6CnrhSTd3YsuATINT4GG43",
    ),
    Row(
        "md5-crypt",
        "openssl",
        "$1$CgwRx362$O5huwYINiqMIWEydZhDAz.",
    ),
    Row(
        "django-pbkdf2-sha256",
        "django-5.2",
        "pbkdf2_sha256$1000$QswfxtkKJWefpKyoeXV5Z8$9Rh1iQB0/4A0g6Ir9MftT4gsmwEYARbaA9rZc9s4kmM=",
    ),
    Row(
        "django-pbkdf2-sha1",
        "django-5.2",
        "pbkdf2_sha1$1000$mOzfvl6qU5kDWAvFjY1rbb$e5grQ1XqKIwuC9cVy8PCjK8PjDo=",
    ),
    Row(
        "django-scrypt",
        "django-5.2",
        "scrypt$1024$tW6neYWpq3XdyFloBblmol$8$5$IdKWvhH0hDLXiehrPDAryeXMo7VEZAJiYAuQ3mE+TTb/WH0BA"
        "AqTKpGAnQiJ0Qy17qqzeE0ptAfnY1Tk6U9tCg==",
    ),
    Row(
        "argon2id",
        "django-5.2",
        "argon2$argon2id$v=19$m=256,t=2,p=8$blBFQ24yeTBIMW1PSmJqNGlBSFN0Tw$EM5nqlm6X03QKT1FqUAG4e"
        "Bw04xdRCY/2IwrYX5IPmQ",
    ),
    Row(
        "bcrypt",
        "django-5.2",
        "bcrypt$$2b$04$dJEZp5NWDI78XzAzc8fU3OvcZIUoYbmWzN/qsvSspCzhITzKzlW7u",
    ),
    Row(
        "django-bcrypt-sha256",
        "django-5.2",
        "bcrypt_sha256$$2b$04$Bf1FdH/2IUMuopYy/1Lz2e3.gv0WY16li937MD.GPlF2xxlLKx7XW",
    ),
    Row(
        "werkzeug-pbkdf2-sha256",
        "werkzeug-3.1",
        "pbkdf2:sha256:1000$O0N3sg0cjit3U3qx$6cb315aa8763228a4c296fdf07f097f7d797c5bef3df908dd3c8"
        "2386aa101669",
    ),
    Row(
        "werkzeug-pbkdf2-sha512",
        "werkzeug-3.1",
        "pbkdf2:sha512:1000$WVg1fwVPRpAkZOyP$0c3a1ae6cb8da6850bfc962b89314b7fa2bb8d35d5612d290c59"
        "b31a6e276725e97e94f95819618932ec6e442091ce02020661afdbc46f5c504404955447ea33",
    ),
    Row(
        "werkzeug-pbkdf2-sha1",
        "werkzeug-3.1",
        "pbkdf2:sha1:1000$PTJIoD1rrlzCW09X$1f29943644f2fd5f63f61a943c4670e2bc768449",
    ),
    Row(
        "werkzeug-scrypt",
        "werkzeug-3.1",
        "scrypt:1024:8:1$yfvgknQmWQkL4Y8K$3ce9b509239341c00e7f02f5e50c762d1925106f7be6a92d5d67f39"
        "9988b9b4b1a2046f4db9913b22161f8d469c379f6949a6904525245e634e3983ecb4a6126",
    ),
    Row(
        "pbkdf2-sha1",
        "libpass-1.9",
        "$pbkdf2$1000$xBgDIOQcI0SIce69t/bemw$GgAq5tN/yEwJ/RCvni3LkkEvzE8",
    ),
    Row(
        "pbkdf2-sha256",
        "libpass-1.9",
        "$pbkdf2-sha256$1000$lFJKCUHo3bt3zpnTWsv5/w$Kylx6ZVPf/41dikcT/qTJ4vv87r5U8Guddj8MtcA380",
    ),
    Row(
        "pbkdf2-sha512",
        "libpass-1.9",
        "$pbkdf2-sha512$1000$fW/N2Zszxlgr5VyrVeq9Nw$l7V7k39HQeOvoZR8cgJFXcVTihrZW2UrkE81hnYjgVB.Z"
        "waP1E4YYHSvEH9ZLbX1v54izDLYYcHmhRCSPU1P4w",
    ),
    Row(
        "scrypt",
        "libpass-1.9",
        "$scrypt$ln=10,r=8,p=1$Tan1fk/pfW9NSUkJgVDKeQ$MDK+KwguPnJlQwzRHMo5KdsD8mop17DwghuvHxZ+Sus",
    ),
    Row(
        "sha512-crypt",
        "libpass-1.9",
        "$6$rounds=1000$2YNAo3YtevDYwbu2$/9Xgs4wO3IAVbheEoKK6jIjGMQG66uaKboFFJxU9EXa4LFSF2kClpaI9"
        "HBv6VnG7/iadJt5XvYTGZHVbjcKtp/",
    ),
    Row(
        "sha256-crypt",
        "libpass-1.9",
        "$5$rounds=1000$UnpQQ1TLz1/pPCs9$/iVes/eoo0m.sLm18TY6mp72eUxTFmb5xhGm/aoCEV2",
    ),
)
