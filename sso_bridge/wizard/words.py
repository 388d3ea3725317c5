"""What tables and columns are called, in several languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

__all__ = [
    "ACTIVE_VALUES",
    "ADDRESS_TABLE",
    "BILLING_WORDS",
    "COUNTRIES_3",
    "COUNTRY_TABLE",
    "KEPT_OUT",
    "LANGUAGES",
    "NOT_A_PASSWORD",
    "NOT_KEPT_OUT",
    "NOT_PEOPLE",
    "ORDERS",
    "ROLES",
    "SHIPPING_WORDS",
    "USER_TABLE",
    "VALUES",
    "fit",
    "is_called",
    "words_of",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


USER_TABLE: Final = _words(
    "user users customer customers account accounts member members client clients person"
    " persons people shopper shoppers login logins profile profiles buyer buyers contact contacts"
    " subscriber benutzer kunde kunden nutzer anwender mitglied mitglieder konto konten besteller"
    " utilisateur utilisateurs personne personnes membre membres compte comptes acheteur"
    " usuario usuarios cliente clientes persona personas miembro miembros cuenta cuentas"
    " utente utenti clienti membri gebruiker gebruikers klant klanten uzivatel uzivatele zakaznik"
    " zakaznici uzytkownik uzytkownicy klient klienci bruger brugere kunder anvandare bruker "
    "brukere kayttaja kayttajat asiakas asiakkaat kullanici kullanicilar musteri musteriler"
)
NOT_PEOPLE: Final = _words(
    "session sessions token tokens log logs history audit order orders item items reset resets"
    " role roles group groups permission permissions admin admins staff employee employees archive"
    " backup old tmp temp newsletter cart carts address addresses adresse adressen bestellung"
    " bestellungen rolle rollen gruppe gruppen meta attribute attributes setting settings visit"
    " visits mitarbeiter supplier suppliers lieferant lieferanten vendor vendors"
)
KEPT_OUT: Final = _words(
    "locked lockout blocked banned ban disabled deactivated suspended suspension blacklisted"
    " blacklist deleted deletion gesperrt sperre geloescht terminated frozen bloque bloqueado"
    " bloccato geblokkeerd"
)
"""Words in the names of columns about who may not come in."""
NOT_KEPT_OUT: Final = _words("count counter attempts attempt enabled last version failed failures")
"""Words in the names of columns that are about locking, and lock nobody out."""
NOT_A_PASSWORD: Final = _words(
    "reset token hint old previous temp tmp expires expire expiry changed change date at on until"
    " question attempts attempt count required salt key code algorithm algo type method last time"
    " age policy flag"
)
"""Words in the names of columns that are about passwords and hold none."""
ORDERS: Final = _words(
    "order orders bestellung bestellungen auftrag auftraege invoice invoices rechnung rechnungen"
    " commande commandes pedido pedidos ordine ordini shipment"
    " shipments supplier suppliers lieferant lieferanten branch branches filiale filialen warehouse"
    " warehouses"
)
"""Tables with addresses that are not, or not for ever, those of a user."""
ADDRESS_TABLE: Final = _words(
    "address addresses adresse adressen anschrift anschriften adresses direccion direcciones"
    " indirizzo indirizzi endereco enderecos adres adressen adresy adresa"
)
COUNTRY_TABLE: Final = _words(
    "country countries land laender lands pays pais paises paesi landen staat staaten zeme"
)

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "subject": _words(
        "id uid userid customerid accountid memberid clientid personid kundenid kundeid benutzerid"
        " kundennr kundennummer kdnr mitgliedid idutilisateur idcliente idusuario idutente pk oid"
    ),
    "email": _words(
        "email mail emailaddress mailaddress emailaddr mailadresse emailadresse courriel"
        " adressemail adresseemail correo correoelectronico epost epostadresse sposti emailadres"
        " useremail posta eposta mailbox"
    ),
    "login": _words(
        "login username userlogin loginname loginid user logon nickname nick benutzername"
        " benutzerkennung kennung anmeldename nutzername nomutilisateur identifiant pseudo"
        " nombreusuario nomeutente nomeusuario gebruikersnaam brugernavn anvandarnamn brukernavn"
        " uzivatelskejmeno screenname account accountname handle"
    ),
    "password": _words(
        "password passwd pass pwd passwordhash hashedpassword encryptedpassword passhash pwhash"
        " userpass userpassword pw hash secret passwort kennwort pwdhash passworthash kennworthash"
        " motdepasse mdp contrasena contrasenia clave senha parola wachtwoord adgangskode losenord"
        " salasana heslo haslo passord passwordencrypted cryptedpassword sifre parolahash"
        " credential passworddigest loginpassword"
    ),
    "salt": _words("salt salz sel sal sale passwordsalt passsalt pwsalt hashsalt saltvalue"),
    "first_name": _words(
        "firstname fname givenname forename first vorname prenom primernombre nombrepila voornaam"
        " fornavn fornamn etunimi jmeno imie primeironome namefirst"
    ),
    "last_name": _words(
        "lastname lname surname familyname last nachname familienname zuname nomfamille apellido"
        " apellidos primerapellido cognome sobrenome apelido achternaam efternavn efternamn"
        " etternavn sukunimi prijmeni nazwisko namelast secondname"
    ),
    "full_name": _words(
        "name fullname displayname realname completename contactname personname customername"
        " vollername vollstaendigername anzeigename nomcomplet nombrecompleto nomecompleto"
        " naam navn namn nimi nom nombre nome"
    ),
    "home_phone": _words(
        "phone phonenumber telephone telephonenumber tel telno telnr telefon telefonnummer"
        " rufnummer telefonnr homephone privatephone mobile mobilephone mobilenumber cell cellphone"
        " handy handynummer mobil mobilnummer telefono celular movil cellulare telefone telemovel"
        " portable telefoon puhelin"
    ),
    "fax_phone": _words("fax faxnumber faxno telefax faxnummer telecopie"),
    "locale": _words(
        "locale language lang languagecode langcode preferredlanguage sprache spracheid"
        " sprachcode langue idioma lingua taal sprog sprak kieli jazyk jezyk languageid"
    ),
    "created": _words(
        "createdat created createdon creationdate creationtime createddate createdtime datecreated"
        " createtime createdatetime dateadded dateadd registered registeredat registrationdate"
        " registerdate regdate registered joined datejoined joinedat signupdate signedup signupat"
        " inserted insertedat membersince angelegt angelegtam erstellt erstelltam angelegtdatum"
        " erstelldatum anlagedatum registriert registriertam registrierungsdatum datecreation"
        " creele dateinscription inscritle fechacreacion creado creadoen fechaalta fecharegistro"
        " datacreazione creatoil dataregistrazione datacriacao criadoem datacadastro aangemaaktop"
        " oprettet skapad luotu vytvoreno utworzono crtime ctime crdate createdutc"
    ),
    "active": _words(
        "active isactive enabled isenabled activated isactivated aktiv aktiviert istaktiv"
        " freigeschaltet freigegeben actif active estactif activo activado habilitado attivo"
        " abilitato ativo actief aktivni aktywny allowlogin canlogin approved isapproved"
        " nonlocked accountnonlocked nonexpired accountnonexpired credentialsnonexpired notlocked"
    ),
    "inactive": _words(
        "blocked isblocked banned isbanned disabled isdisabled suspended issuspended inactive"
        " isinactive locked islocked deleted isdeleted removed isremoved closed isclosed gesperrt"
        " istgesperrt geloescht istgeloescht geloscht inaktiv deaktiviert bloque supprime desactive"
        " bloqueado eliminado borrado baja bloccato cancellato sospeso excluido geblokkeerd"
        " verwijderd spam anonymized archived"
        " lockedout islockedout blacklisted isblacklisted deactivated isdeactivated notactive"
        " trashed istrashed terminated isterminated revoked isrevoked frozen isfrozen"
    ),
    "inactive_since": _words(
        "deletedat deletedon deletiondate datedeleted deleteddate blockedat bannedat disabledat"
        " suspendedat closedat deactivatedat geloeschtam geloschtam loeschdatum gesperrtam"
        " supprimele desactivele fechabaja eliminadoen cancellatoil dataexclusao removedat"
        " archivedat anonymizedat lockedat"
        " disabledon blockedon bannedon suspendedon lockedon deactivatedon closedon removedon"
        " gesperrtseit deletedtime deletetime terminatedat revokedat trashedat frozenat"
    ),
    "locked_until": _words(
        "lockeduntil lockoutend lockexpires lockuntil blockeduntil banneduntil gesperrtbis"
        " suspendeduntil lockoutuntil"
    ),
    "expires": _words(
        "validuntil validto expiresat expires expirydate expirationdate gueltigbis ablaufdatum"
        " accountexpires accountexpiresat activeuntil validejusquau caducidad scadenza dateend"
    ),
    "status": _words("status state userstatus accountstatus statut estado stato zustand"),
    "verified": _words(
        "emailverified emailverifiedat verified isverified verifiedat confirmed isconfirmed"
        " confirmedat emailconfirmed bestaetigt emailbestaetigt confirme confirmado verificado"
    ),
    "erid": _words(
        "erid externalreferenceid externalreference externalid externalref extid digitalriverid"
        " drid digitalrivererid globalid crmid partnerid externeid"
    ),
    "user": _words(
        "userid customerid accountid memberid clientid personid user customer account member client"
        " person owner ownerid parentid kundenid kundeid kunde kundennr benutzerid benutzer"
        " nutzerid mitgliedid utilisateurid utilisateur idutilisateur idclient clienteid"
        " cliente idcliente usuarioid usuario idusuario utenteid utente idutente idcustomer iduser"
        " uid shopperid gebruikerid klantid profileid contactid"
    ),
    "name1": frozenset(),
    "name2": frozenset(),
    "line1": _words(
        "street street1 streetaddress address address1 addressline1 addr addr1 line1 streetname"
        " strasse str strassehausnr strassehnr anschrift adresse adresse1 rue voie calle direccion"
        " direccion1 domicilio via indirizzo rua logradouro endereco straat adres gade gata katu"
        " ulice ulica addressline streetline1 strassehausnummer"
    ),
    "house": _words(
        "housenumber houseno hausnummer hausnr hnr streetnumber streetno numero huisnummer"
        " numerocivico numerovia"
    ),
    "line2": _words(
        "street2 address2 addressline2 addr2 line2 adresszusatz adresszusatz1 zusatz adresse2"
        " complement complementadresse direccion2 addressaddition apartment suite streetline2"
        " complemento"
    ),
    "line3": _words("street3 address3 addressline3 addr3 line3 adresse3 adresszusatz2"),
    "city": _words(
        "city town ort stadt wohnort ville localite commune ciudad localidad poblacion citta comune"
        " cidade municipio stad plaats woonplaats by stad kaupunki mesto miasto"
    ),
    "postal_code": _words(
        "zip zipcode postcode postalcode postal plz postleitzahl codepostal cp codigopostal cap cep"
        " postnummer postnr postinumero psc kodpocztowy zippostalcode zipcode"
    ),
    "state": _words(
        "state province region county bundesland provincia estado provincie etat departement stato"
        " statecode provincecode regioncode"
    ),
    "country": _words(
        "country countrycode countryiso countryiso2 countrycode2 isocountry countryid land"
        " laendercode landcode laenderkuerzel pays codepays pais codigopais paese nazione land"
        " landid countryname idpais idpays maa zeme kraj"
    ),
    "company_name": _words(
        "company companyname organization organisation firma firmenname unternehmen societe"
        " entreprise empresa azienda ditta bedrijf bedrijfsnaam firmanavn foretag business"
    ),
    "phone_number": frozenset(),
    "iso2": _words("iso2 isocode2 alpha2 iso code code2 countrycode isocode a2 iso3166 iso31661"),
    "kind": _words(
        "kind type addresstype typ art adresstyp adressart addresskind typeadresse tipo usage"
        " purpose addresstypecode role"
    ),
    "shipping_flag": _words(
        "isdefaultshipping defaultshipping isshipping shippingdefault isdefaultdelivery"
        " istlieferadresse standardlieferadresse shipping"
    ),
    "billing_flag": _words(
        "isdefaultbilling defaultbilling isbilling billingdefault istrechnungsadresse"
        " standardrechnungsadresse isdefaultinvoice billing"
    ),
    "default_flag": _words(
        "default isdefault defaultaddress primary isprimary main ismain standard iststandard"
        " hauptadresse preferred parDefaut principal predeterminada"
    ),
    "shipping_id": _words(
        "shippingaddressid defaultshippingaddressid defaultshippingid defaultshipping"
        " deliveryaddressid lieferadresseid lieferanschriftid defaultdeliveryaddressid"
        " shippingaddress lieferadresse defaultshippingaddress"
    ),
    "billing_id": _words(
        "billingaddressid defaultbillingaddressid defaultbillingid defaultbilling invoiceaddressid"
        " rechnungsadresseid rechnungsanschriftid billingaddress rechnungsadresse"
        " defaultbillingaddress"
    ),
    "address_ref": _words(
        "addressid defaultaddressid primaryaddressid mainaddressid adresseid adressid"
        " hauptadresseid iddireccion direccionid address defaultaddress standardadresseid"
    ),
    "pair_name": _words(
        "key name metakey attribute attributename field fieldname property option schluessel feld"
        " merkmal k param parameter clave propriete attributecode"
    ),
    "pair_value": _words(
        "value val metavalue attributevalue fieldvalue content wert v valeur valor inhalt data"
    ),
}
"""What a column is for, and how such columns are called, without separators and accents."""

SHIPPING_WORDS: Final = _words(
    "shipping ship delivery shipto s liefer lieferung lieferadresse lieferanschrift livraison envio"
    " entrega spedizione consegna levering verzend"
)
BILLING_WORDS: Final = _words(
    "billing bill invoice billto b rechnung rechnungs rechnungsadresse rechnungsanschrift"
    " facturation facture facturacion factura fatturazione fattura faktura factuur payment"
)
ACTIVE_VALUES: Final = _words(
    "active enabled aktiv freigeschaltet actif activo attivo ativo actief ok verified approved"
    " confirmed a y j yes ja true t on normal valid open"
)

_OTHER_VALUES: Final = _words(
    "inactive disabled blocked banned deleted closed pending suspended locked new inaktiv gesperrt"
    " geloescht gelöscht wartend inactif bloque supprime inactivo bloqueado eliminado inattivo"
    " bloccato n nein no non false f off archived unconfirmed unverified registered d i x p"
)
LANGUAGES: Final[Mapping[str, str]] = {
    "cs": "cs_CZ", "da": "da_DK", "de": "de_DE", "el": "el_GR", "en": "en_US", "es": "es_ES",
    "fi": "fi_FI", "fr": "fr_FR", "hu": "hu_HU", "it": "it_IT", "ja": "ja_JP", "ko": "ko_KR",
    "nl": "nl_NL", "no": "no_NO", "pl": "pl_PL", "pt": "pt_PT", "ro": "ro_RO", "ru": "ru_RU",
    "sv": "sv_SE", "tr": "tr_TR", "uk": "uk_UA", "zh": "zh_CN",
}  # fmt: skip
"""Languages, and the locale that most of their speakers have."""
COUNTRIES_3: Final = _words(
    "AUT AUS BEL BRA CAN CHE CHN CZE DEU DNK ESP FIN FRA GBR GRC HUN IRL ITA JPN KOR LUX MEX NLD"
    " NOR NZL POL PRT ROU RUS SVK SVN SWE TUR UKR USA ZAF"
)


def _spellings(words: Collection[str]) -> set[str]:
    return {s for word in words for s in (word, word.upper(), word.capitalize())}


VALUES: Final = frozenset(
    _spellings(ACTIVE_VALUES | _OTHER_VALUES | SHIPPING_WORDS | BILLING_WORDS)
)
"""Values of a status or a kind that say nothing about a person."""


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, without accents: `KundenNr` and `kunden_nr` are both kunden, nr."""
    for letter, plain in (("ß", "ss"), ("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "o")):
        name = name.replace(letter, plain).replace(letter.upper(), plain.capitalize())
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[a-z]+\d*|\d+", spaced.lower()))


def fit(name: str, role: str, table: str = "") -> float:
    """How well a column's name says that it is for `role`: 1.0 to 0.0. `table` is the name of its
    table, whose words may be repeated in it."""
    known = ROLES[role]
    words = words_of(name)
    joined = "".join(words)
    if joined in known:
        return 1.0
    of_table = words_of(table)
    prefixes = {*of_table, *(w.rstrip("s") for w in of_table), *(w[:1] for w in of_table)}
    repeated = words[:1] and (words[0] in prefixes or words[0] in USER_TABLE)
    if repeated and len(words) > 1 and "".join(words[1:]) in known:
        return 0.9
    for stem in prefixes:
        if len(stem) > 2 and joined.startswith(stem) and joined[len(stem) :] in known:
            return 0.9
    if len(words) > 1 and any("".join(words[n:]) in known for n in range(1, len(words))):
        return 0.6
    if len(words) > 1 and "".join(words[:-1]) in known and words[-1] not in ("at", "id", "on"):
        return 0.5
    return 0.0


def is_called(table: str, words: Collection[str]) -> float:
    """How well a table's name is one of `words`: 1.0 as a whole, less in part, 0.0 not."""
    parts = words_of(table)
    if not parts:
        return 0.0
    if "".join(parts) in words:
        return 1.0
    if parts[-1] in words:
        return 0.8
    return 0.5 if any(part in words for part in parts) else 0.0
